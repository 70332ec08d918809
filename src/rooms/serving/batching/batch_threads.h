#pragma once
// SPDX-License-Identifier: Apache-2.0
// The threads that run batches: as many as all lanes have instances, and one more, so that there is
// always one to watch the clock. A lane is the queue of one loaded version. Private to the room,
// whose versions hold lanes; lanes may be used by any thread, and outlive the threads.

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "ports/engine/tensor_model.h"
#include "rooms/serving/batching/batch_queue.h"

namespace flywheel::serving {

class BatchLane {
  public:
    struct Core;
    struct State;

    /// For BatchThreads::open() only.
    BatchLane(std::shared_ptr<Core> core, std::shared_ptr<State> state);
    BatchLane(const BatchLane&) = delete;
    BatchLane& operator=(const BatchLane&) = delete;
    ~BatchLane();

    /// Calls request.done once, soon: with the outcome; with Unavailable when too many rows wait or
    /// its deadline has passed, before it ran or while; with what the engine said when it failed,
    /// alone and in company. `done` may be called before this returns.
    void submit(const QueuedPointer& request);
    /// Its answer is not wanted any more: it leaves the queue, or what runs is dropped. True:
    /// `done` is never called. False: it was, or is being called now.
    bool cancel(const QueuedPointer& request);

    [[nodiscard]] std::int64_t waiting_rows() const;
    [[nodiscard]] std::int64_t waiting_requests() const;
    /// Whatever came now would be refused.
    [[nodiscard]] bool full() const;
    [[nodiscard]] Error refusal() const;
    [[nodiscard]] const BatchLimits& limits() const;

  private:
    std::shared_ptr<Core> core_;
    std::shared_ptr<State> state_;
};

class BatchThreads {
  public:
    BatchThreads();
    BatchThreads(const BatchThreads&) = delete;
    BatchThreads& operator=(const BatchThreads&) = delete;
    /// Ends after the calls under way; what still waits is answered with Unavailable.
    ~BatchThreads();

    /// A queue for `model`, which is one over tensors. Any thread.
    [[nodiscard]] std::shared_ptr<BatchLane> open(
        std::shared_ptr<const Model> model,
        const BatchLimits& limits,
        std::shared_ptr<ServedCounts> counts
    ) const;

  private:
    std::shared_ptr<BatchLane::Core> core_;
};

}  // namespace flywheel::serving
