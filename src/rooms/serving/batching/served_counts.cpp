// SPDX-License-Identifier: Apache-2.0
#include "rooms/serving/batching/served_counts.h"

#include <algorithm>
#include <bit>

namespace flywheel::serving {

namespace {

using Count = std::atomic<std::int64_t>;

void grow(Count& sum, std::int64_t by) {
    if (by > 0) {
        sum.fetch_add(by, std::memory_order_relaxed);
    }
}

}  // namespace

void StageTimes::add(std::chrono::nanoseconds time) {
    const auto* bound = std::lower_bound(kStageBounds.begin(), kStageBounds.end(), time.count());
    grow(counts[static_cast<std::size_t>(bound - kStageBounds.begin())], 1);
    grow(nanos, time.count());
}

std::int64_t StageTimes::count() const {
    std::int64_t sum = 0;
    for (const Count& one : counts) {
        sum += one.load(std::memory_order_relaxed);
    }
    return sum;
}

ServedCounts::BatchCounts* ServedCounts::executed(
    std::int64_t size, std::chrono::nanoseconds infer
) {
    grow(executions, 1);
    grow(executed_rows, size);
    const auto bits =
        std::bit_width(static_cast<std::uint64_t>(std::max<std::int64_t>(size, 1) - 1));
    grow(batch_rows[std::min(static_cast<std::size_t>(bits), batch_rows.size() - 1)], 1);
    for (std::size_t step = 0; step < kBatchSizes; ++step) {
        BatchCounts& place = batches[(static_cast<std::size_t>(size) + step) % kBatchSizes];
        std::int64_t there = place.size.load(std::memory_order_relaxed);
        if (there == 0 && place.size.compare_exchange_strong(there, size)) {
            there = size;
        }
        if (there == size) {
            grow(place.count, 1);
            grow(place.infer, infer.count());
            return &place;
        }
    }
    return nullptr;
}

void ServedCounts::succeeded(const InferTimes& times, Route route, Time now, BatchCounts* batch) {
    stage(route, Stage::Request).add(times.total);
    if (times.queued) {
        stage(route, Stage::Queue).add(times.queue);
    }
    stage(route, Stage::Preprocess).add(times.input);
    stage(route, Stage::Infer).add(times.infer);
    stage(route, Stage::Postprocess).add(times.output);
    if (batch != nullptr) {
        grow(batch->input, times.input.count());
        grow(batch->output, times.output.count());
    }
    const auto since =
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
    last_inference_ms.store(since.count(), std::memory_order_relaxed);
}

void ServedCounts::failed(std::chrono::nanoseconds total) {
    grow(failures, 1);
    grow(failure_nanos, total.count());
}

void ServedCounts::reject(Rejection reason) {
    grow(rejected[static_cast<std::size_t>(reason)], 1);
}

StageTimes& ServedCounts::stage(Route route, Stage stage) {
    return stages[static_cast<std::size_t>(route)][static_cast<std::size_t>(stage)];
}

std::int64_t ServedCounts::answered_rows() const {
    std::int64_t sum = 0;
    for (const Count& one : rows) {
        sum += one.load(std::memory_order_relaxed);
    }
    return sum;
}

std::int64_t ServedCounts::stage_nanos(Stage stage) const {
    std::int64_t sum = 0;
    for (const auto& route : stages) {
        sum += route[static_cast<std::size_t>(stage)].nanos.load(std::memory_order_relaxed);
    }
    return sum;
}

std::int64_t ServedCounts::answered_requests() const {
    std::int64_t sum = 0;
    for (const auto& route : stages) {
        sum += route[static_cast<std::size_t>(Stage::Request)].count();
    }
    return sum;
}

}  // namespace flywheel::serving
