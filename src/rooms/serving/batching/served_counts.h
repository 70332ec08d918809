#pragma once
// SPDX-License-Identifier: Apache-2.0
// What is counted of one model version since the process began: rows, requests, engine calls and
// where the time went. Counts only grow, also across unloading and loading, so that a reader can
// take differences. Any thread, no lock.

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "records/prediction.h"

namespace flywheel::serving {

/// Upper bounds of latency histograms, nanoseconds: .1 ms to 10 s.
inline constexpr std::array<std::int64_t, 16> kStageBounds = {
    100'000,
    250'000,
    500'000,
    1'000'000,
    2'500'000,
    5'000'000,
    10'000'000,
    25'000'000,
    50'000'000,
    100'000'000,
    250'000'000,
    500'000'000,
    1'000'000'000,
    2'500'000'000,
    5'000'000'000,
    10'000'000'000
};

/// What a request goes through.
enum class Stage : std::uint8_t { Request, Queue, Preprocess, Infer, Postprocess, Capture };
inline constexpr std::size_t kStages = 6;

/// Why a request was not answered though its model was found.
enum class Rejection : std::uint8_t { Queue, TimeOut, Cancel, Size, Drain };
inline constexpr std::array<std::string_view, 5> kRejections = {
    "queue", "timeout", "cancel", "size", "drain"
};

/// Where the time of one request, or of one engine call, went.
struct InferTimes {
    std::chrono::nanoseconds queue{};   ///< Waiting.
    std::chrono::nanoseconds input{};   ///< Decoding.
    std::chrono::nanoseconds infer{};   ///< In the engine.
    std::chrono::nanoseconds output{};  ///< Encoding.
    std::chrono::nanoseconds total{};   ///< End to end.
    bool queued = false;                ///< It went through a queue.
};

/// Durations by size, with their sum.
struct StageTimes {
    std::array<std::atomic<std::int64_t>, kStageBounds.size() + 1> counts{};
    std::atomic<std::int64_t> nanos = 0;

    void add(std::chrono::nanoseconds time);
    [[nodiscard]] std::int64_t count() const;
};

struct ServedCounts {
    /// Engine calls of one batch size, with their times.
    struct BatchCounts {
        std::atomic<std::int64_t> size = 0;  ///< Rows; 0 = the place is free.
        std::atomic<std::int64_t> count = 0;
        std::atomic<std::int64_t> input = 0;  ///< Decoding of all requests that took part.
        std::atomic<std::int64_t> infer = 0;
        std::atomic<std::int64_t> output = 0;  ///< Encoding of all requests that took part.
    };

    static constexpr std::size_t kBatchSizes = 64;
    static constexpr std::size_t kRoutes = 4;

    std::array<std::atomic<std::int64_t>, kRoutes> rows{};  ///< Answered, by Route.
    std::atomic<std::int64_t> refused_rows = 0;
    std::atomic<std::int64_t> last_inference_ms = 0;  ///< Since the epoch; 0 = none.
    /// Of answered requests, by Route and Stage.
    std::array<std::array<StageTimes, kStages>, kRoutes> stages;
    std::atomic<std::int64_t> failures = 0;  ///< Requests not answered.
    std::atomic<std::int64_t> failure_nanos = 0;
    std::atomic<std::int64_t> engine_failures = 0;   ///< Of these, because the engine failed.
    std::atomic<std::int64_t> invalid_requests = 0;  ///< Likewise, for what stood in the request.
    std::array<std::atomic<std::int64_t>, kRejections.size()> rejected{};  ///< By Rejection.
    std::atomic<std::int64_t> executions = 0;                              ///< Engine calls.
    /// Engine calls by rows: 1, 2, 3-4, 5-8, ... 129-256, more.
    std::array<std::atomic<std::int64_t>, 10> batch_rows{};
    std::atomic<std::int64_t> executed_rows = 0;
    /// By size; sizes that come when all places are taken are counted in `executions` only.
    std::array<BatchCounts, kBatchSizes> batches;

    /// One engine call over `size` rows; gives its place in `batches`, or null.
    BatchCounts* executed(std::int64_t size, std::chrono::nanoseconds infer);
    /// One answered request at `now`; `batch` is the place of its engine call.
    void succeeded(const InferTimes& times, Route route, Time now, BatchCounts* batch);
    void failed(std::chrono::nanoseconds total);
    void reject(Rejection reason);

    [[nodiscard]] StageTimes& stage(Route route, Stage stage);
    [[nodiscard]] std::int64_t answered_rows() const;
    /// Over all routes.
    [[nodiscard]] std::int64_t stage_nanos(Stage stage) const;
    [[nodiscard]] std::int64_t answered_requests() const;
};

}  // namespace flywheel::serving
