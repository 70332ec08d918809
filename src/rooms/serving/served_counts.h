#pragma once
// SPDX-License-Identifier: Apache-2.0
// What is counted of one model version since the process began: rows, requests, engine calls and
// where the time went. Counts only grow, also across unloading and loading, so that a reader can
// take differences. Any thread, no lock.

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace flywheel::serving {

/// Where the time of one request, or of one engine call, went.
struct InferTimes {
    std::chrono::nanoseconds queue{};   ///< Waiting.
    std::chrono::nanoseconds input{};   ///< Decoding.
    std::chrono::nanoseconds infer{};   ///< In the engine.
    std::chrono::nanoseconds output{};  ///< Encoding.
    std::chrono::nanoseconds total{};   ///< End to end.
};

/// Sums of InferTimes.
struct TimeSums {
    std::atomic<std::int64_t> count = 0;
    std::atomic<std::int64_t> queue = 0;
    std::atomic<std::int64_t> input = 0;
    std::atomic<std::int64_t> infer = 0;
    std::atomic<std::int64_t> output = 0;
    std::atomic<std::int64_t> total = 0;

    void add(const InferTimes& times);
};

struct ServedCounts {
    /// Engine calls of one batch size, with their times.
    struct BatchCounts {
        std::atomic<std::int64_t> size = 0;  ///< Rows; 0 = the place is free.
        TimeSums times;
    };

    static constexpr std::size_t kBatchSizes = 64;

    std::array<std::atomic<std::int64_t>, 4> rows{};  ///< Answered, by Route.
    std::atomic<std::int64_t> refused_rows = 0;
    std::atomic<std::int64_t> last_inference_ms = 0;  ///< Since the epoch; 0 = none.
    TimeSums success;                                 ///< Requests answered.
    TimeSums fail;                                    ///< Requests that were not.
    std::atomic<std::int64_t> executions = 0;         ///< Engine calls.
    /// By size; sizes that come when all places are taken are counted in `executions` only.
    std::array<BatchCounts, kBatchSizes> batches;

    /// One engine call over `size` rows.
    void executed(std::int64_t size, const InferTimes& times);
    /// One answered request of a call at `now`.
    void succeeded(const InferTimes& times, Time now);
    [[nodiscard]] std::int64_t answered_rows() const;
};

}  // namespace flywheel::serving
