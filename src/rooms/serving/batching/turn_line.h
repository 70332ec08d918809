#pragma once
// SPDX-License-Identifier: Apache-2.0
// Requests of a version that runs on its callers' threads. Most are over before anybody notices;
// the long ones wait there for their turn and run in pieces, so that a thread sees what else has
// come, and a thread takes on no more of them than may wait for a version with threads of its own.
// Private to the room; any thread, no lock.

#include <atomic>
#include <chrono>
#include <cstdint>

#include "base/result.h"
#include "rooms/serving/batching/batch_queue.h"

namespace flywheel::serving {

class TurnLine {
  public:
    /// Over that, expected, a request is long: 64 connections that send one each then wait as long
    /// as for one batch.
    static constexpr std::chrono::microseconds kLong{100};
    /// So long runs a piece of a long request, about.
    static constexpr std::chrono::microseconds kPiece{500};

    explicit TurnLine(const BatchLimits& limits)
        : most_rows_(limits.queue_rows), time_out_(limits.time_out) {}

    /// By what a byte of the requests before took. False until one has run.
    [[nodiscard]] bool is_long(std::size_t bytes) const;
    /// A request of so many bytes took so long in the engine.
    void ran(std::size_t bytes, std::chrono::nanoseconds took);

    /// Unavailable: a thread that has long requests of `busy` rows, waiting or running, takes on
    /// `rows` more only if that makes no more than may wait, or has none.
    [[nodiscard]] Result<void> admit(std::int64_t busy, std::int64_t rows) const;

    /// A request of so many rows waits from now on.
    void enter(std::int64_t rows) {
        waiting_.fetch_add(rows, std::memory_order_relaxed);
        waiting_requests_.fetch_add(1, std::memory_order_relaxed);
    }

    void leave(std::int64_t rows) {
        waiting_.fetch_sub(rows, std::memory_order_relaxed);
        waiting_requests_.fetch_sub(1, std::memory_order_relaxed);
    }

    [[nodiscard]] std::int64_t waiting_rows() const {
        return waiting_.load(std::memory_order_relaxed);
    }

    [[nodiscard]] std::int64_t waiting_requests() const {
        return waiting_requests_.load(std::memory_order_relaxed);
    }

    /// The longest that a request may take.
    [[nodiscard]] std::chrono::microseconds time_out() const { return time_out_; }

  private:
    const std::int64_t most_rows_;
    const std::chrono::microseconds time_out_;
    std::atomic<std::int64_t> waiting_ = 0;  // rows
    std::atomic<std::int64_t> waiting_requests_ = 0;
    std::atomic<float> nanos_a_byte_ = 0;  // a mean that forgets; 0 = nothing ran yet
};

}  // namespace flywheel::serving
