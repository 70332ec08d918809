#pragma once
// SPDX-License-Identifier: Apache-2.0
// News: tells whoever listens (GET /v1/events, server-sent events) which records have changed, so
// that a page asks again for what it shows and for nothing else. It looks once a second, and only
// while somebody listens: writers know nothing of it. Who has just come is told of every topic
// once, so that nothing between what it asked before and its listening is missed. Any thread; looks
// on a thread of its own.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "gateway/http/late_answer.h"
#include "gateway/http/message.h"

namespace flywheel::gateway {

class News {
  public:
    /// Of each topic something that is another text once anything of it has changed.
    using Marks = std::map<std::string, std::string>;

    struct Plan {
        std::chrono::milliseconds look_every = std::chrono::seconds(1);
        std::chrono::milliseconds beat_every = std::chrono::seconds(15);  ///< So that proxies stay.
        std::size_t max_listeners = 256;
    };

    explicit News(std::function<Result<Marks>()> look) : News(std::move(look), Plan{}) {}

    News(std::function<Result<Marks>()> look, Plan plan);
    News(const News&) = delete;
    News& operator=(const News&) = delete;
    ~News();  ///< stop()

    /// Answers with a stream of events that ends when the client leaves or stop() is called.
    /// Unavailable when too many listen. For a fast route.
    Result<void> listen(http::HttpResponse& response);

    /// Ends every stream; nobody may listen any more.
    void stop();

    [[nodiscard]] std::size_t listeners();

  private:
    /// One stream. What it has not been told yet is a set, so one that reads slowly costs nothing.
    struct Listener;

    void run();
    void look_once();
    void tell(const std::shared_ptr<Listener>& listener);
    void ask_for_more(const std::shared_ptr<Listener>& listener, http::Deferral& deferral);
    [[nodiscard]] std::vector<std::shared_ptr<Listener>> present();
    void keep_going(const std::shared_ptr<Listener>& listener, http::HttpResponse& response);

    std::function<Result<Marks>()> look_;
    Plan plan_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;
    /// Its answer alone holds a listener, so one whose answer ends, however it ends, is gone.
    std::vector<std::weak_ptr<Listener>> listeners_;
    Marks marks_;
    std::thread thread_;
};

}  // namespace flywheel::gateway
