#pragma once
// SPDX-License-Identifier: Apache-2.0
// Copies of answered requests on their way through a shadow version, on one thread of low priority.
// Bounded in rows, bytes and in its part of the inference time; what does not fit is dropped and
// counted. No caller waits for it or hears of it. Private to the room; offer() by any thread.

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/clock.h"
#include "ports/recorder.h"
#include "rooms/serving/infer_request.h"
#include "rooms/serving/split.h"

namespace flywheel::serving {

/// Where copies of a model's traffic go.
struct Mirror {
    std::shared_ptr<const ServedVersion> version;
    std::string salt;  ///< Id of the Rollout, as text.
    double share = 1;  ///< Of the requests that are copied, in (0, 1].
    std::shared_ptr<ModelCounts> totals;
    Id<Rollout> rollout{};
};

/// Shadow versions may take a quarter of all inference time: a third of what live ones took.
class ShadowBudget {
  public:
    void earn(std::chrono::nanoseconds live) {
        credit_ = std::min(credit_ + live / 3, std::chrono::nanoseconds(kMost));
    }

    void spend(std::chrono::nanoseconds shadow) { credit_ -= shadow; }

    [[nodiscard]] bool may_run() const { return credit_.count() > 0; }

  private:
    /// A long quiet time does not buy a long busy one.
    static constexpr std::chrono::seconds kMost{1};

    std::chrono::nanoseconds credit_{};
};

class ShadowQueue {
  public:
    static constexpr std::int64_t kMostRows = 256;
    static constexpr std::size_t kMostBytes = 16UL * 1024 * 1024;

    /// Both outlive it.
    ShadowQueue(Recorder& recorder, const Clock& clock);
    ~ShadowQueue();  ///< stop()
    ShadowQueue(const ShadowQueue&) = delete;
    ShadowQueue& operator=(const ShadowQueue&) = delete;

    /// `live_waits` says whether a live row waits for its answer; then no shadow row begins.
    void start(std::function<bool()> live_waits);
    /// Waits for the request that runs; what waits is dropped and counted. Twice is once.
    void stop();

    /// Copies an answered request, if the mirror's share takes it and there is room. `arrived` as
    /// its rows were recorded with.
    void offer(
        const Mirror& mirror, const InferRequest& request, const InferAnswer& answer, Time arrived
    );

    /// Answers the oldest copy on this thread; false when there is none or the budget is spent.
    bool run_one();

    [[nodiscard]] std::int64_t waiting_rows() const;

  private:
    struct OwnedTensor;
    struct Copy;

    void run();
    [[nodiscard]] std::unique_ptr<Copy> take();
    void answer(Copy& copy);

    Recorder& recorder_;
    const Clock& clock_;
    std::function<bool()> live_waits_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::unique_ptr<Copy>> waiting_;
    std::int64_t rows_ = 0;
    std::size_t bytes_ = 0;
    ShadowBudget budget_;
    bool running_ = false;
    std::thread thread_;
};

}  // namespace flywheel::serving
