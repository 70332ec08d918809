#pragma once
// SPDX-License-Identifier: Apache-2.0
// Answers that come later than their route returns: a fast route that cannot answer at once defers,
// and whoever has the answer completes it, from any thread. Meanwhile the request holds no thread;
// its connection watches whether the client is still there.

#include <functional>
#include <memory>
#include <mutex>

#include "base/result.h"
#include "gateway/http/message.h"

namespace flywheel::http {

class Connection;

/// Fills the answer, on the connection's thread; an error becomes {"error": message}.
using FillAnswer = std::function<Result<void>(HttpResponse&)>;

/// One answer that is owed. May outlive its connection and the server.
class LateAnswer : public std::enable_shared_from_this<LateAnswer> {
  public:
    /// For Connection only.
    LateAnswer(Connection& connection, std::function<void()> gone);
    LateAnswer(const LateAnswer&) = delete;
    LateAnswer& operator=(const LateAnswer&) = delete;
    ~LateAnswer() = default;

    /// Has `work` called soon on the connection's thread, after what is there to read was read; not
    /// when nobody waits any more. That thread.
    void run_soon(std::function<void()> work);
    /// Has `fill` called soon and the answer sent. Any thread; twice is a bug. When nobody waits
    /// any more, `fill` is dropped without being called.
    void complete(FillAnswer fill);

  private:
    friend class Connection;

    void detach();

    std::mutex mutex_;
    Connection* connection_;  // set and cleared by its loop; null once nobody waits
    bool completed_ = false;
    std::function<void()> gone_;  // this and below: the loop's thread only
    FillAnswer fill_;
};

/// What a fast route may do instead of answering: HttpRequest::deferral.
class Deferral {
  public:
    Deferral() = default;
    Deferral(const Deferral&) = delete;
    Deferral& operator=(const Deferral&) = delete;

    /// The route returns without an answer; it comes by complete(). When the client has gone
    /// before, or the server is stopped by force, `gone` is called once on the connection's thread
    /// and the answer is not wanted any more. Once a request. After the route has returned, nothing
    /// of the request may be looked at, but what keep_body() keeps.
    [[nodiscard]] virtual std::shared_ptr<LateAnswer> defer(std::function<void()> gone) = 0;
    /// The request's body, where it is, stays valid as long as what this returns. Copies nothing.
    /// Once a request.
    [[nodiscard]] virtual std::shared_ptr<const void> keep_body() = 0;

  protected:
    virtual ~Deferral() = default;
};

}  // namespace flywheel::http
