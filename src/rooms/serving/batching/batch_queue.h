#pragma once
// SPDX-License-Identifier: Apache-2.0
// The requests that wait for one model version, and which of them run together: a state machine
// without thread, lock or clock. Private to the room; BatchThreads guards it and says the time.

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "ports/engine/tensor.h"
#include "rooms/serving/batching/served_counts.h"

namespace flywheel::serving {

using Instant = std::chrono::steady_clock::time_point;

/// How requests of one version become batches.
struct BatchLimits {
    std::int64_t batch_rows = 64;         ///< Rows of one engine call at the most.
    std::chrono::microseconds delay{0};   ///< So long the oldest request waits for company.
    std::int64_t queue_rows = 1024;       ///< More rows do not wait, unless nothing else does.
    int instances = 1;                    ///< Engine calls at the same time.
    std::chrono::microseconds time_out =  ///< The longest that a request may take.
        std::chrono::seconds(30);
};

/// What a request got from the engine.
struct BatchOutcome {
    std::vector<Tensor> tensors;                  ///< What was wanted, in that order.
    std::chrono::nanoseconds queue{};             ///< Until its first row ran.
    std::chrono::nanoseconds infer{};             ///< In the engine; its pieces added up.
    std::int64_t batch_rows = 0;                  ///< Of its engine call, company included.
    ServedCounts::BatchCounts* counts = nullptr;  ///< Where that call was counted.
};

/// One request from submit to its answer. Whoever submits fills the first part; the rest belongs to
/// the lock of BatchThreads.
struct QueuedRequest {
    std::vector<TensorView> inputs;
    std::vector<std::size_t> wanted;
    std::int64_t rows = 0;
    Instant deadline = Instant::max();
    std::shared_ptr<const void> memory;  ///< What `inputs` look at.
    /// Called once, by any thread; not after cancel().
    std::function<void(Result<BatchOutcome>)> done;

    struct Part {
        std::int64_t first = 0;
        std::vector<Tensor> tensors;
    };

    Instant submitted;
    std::size_t slot = 0;    // among its lane's requests that are not answered
    std::int64_t taken = 0;  // rows handed to the engine
    std::int64_t ready = 0;  // rows that came back
    bool answered = false;
    std::vector<Part> parts;
    BatchOutcome outcome;
};

using QueuedPointer = std::shared_ptr<QueuedRequest>;

/// Rows of one request that go into one engine call.
struct BatchSlice {
    QueuedPointer request;
    std::int64_t first = 0;
    std::int64_t rows = 0;

    [[nodiscard]] bool whole() const { return rows == request->rows; }
};

/// Unavailable: so many rows wait already, of so many that may.
[[nodiscard]] Error too_many_wait(std::int64_t rows, std::int64_t most);

/// Unavailable: it took so long until `when`.
[[nodiscard]] Error timed_out(std::chrono::nanoseconds since, std::string_view when);

class BatchQueue {
  public:
    /// `batches`: false for a model whose first dimension counts no rows; it runs requests one by
    /// one, whatever their shape.
    BatchQueue(BatchLimits limits, bool batches) : limits_(limits), batches_(batches) {}

    /// False, and nothing happens: too many rows wait.
    [[nodiscard]] bool push(QueuedPointer request);
    /// What an idle instance runs now; empty when nothing is due, or all instances are busy. Each
    /// batch ends with finish().
    [[nodiscard]] std::vector<BatchSlice> take(Instant now);

    void finish() { --running_; }

    /// Its rows wait no more.
    void remove(const QueuedRequest& request);

    /// When take() will give something if nothing changes; nothing while it would not.
    [[nodiscard]] std::optional<Instant> due() const;

    [[nodiscard]] std::int64_t waiting_rows() const { return waiting_rows_; }

    /// Requests with rows that wait.
    [[nodiscard]] std::size_t waiting_requests() const { return waiting_.size(); }

    [[nodiscard]] int running() const { return running_; }

    [[nodiscard]] const BatchLimits& limits() const { return limits_; }

  private:
    /// Requests at the front that run together, and whether another one could still join them.
    struct Front {
        std::size_t requests = 0;
        std::int64_t rows = 0;
        bool open = true;
    };

    [[nodiscard]] Front front() const;
    [[nodiscard]] std::int64_t next_rows(const QueuedRequest& request) const;

    BatchLimits limits_;
    bool batches_;
    std::deque<QueuedPointer> waiting_;
    std::int64_t waiting_rows_ = 0;
    int running_ = 0;
};

}  // namespace flywheel::serving
