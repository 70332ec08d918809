// SPDX-License-Identifier: Apache-2.0
#include "rooms/serving/served_counts.h"

namespace flywheel::serving {

namespace {

void grow(std::atomic<std::int64_t>& sum, std::chrono::nanoseconds by) {
    if (by.count() > 0) {
        sum.fetch_add(by.count(), std::memory_order_relaxed);
    }
}

}  // namespace

void TimeSums::add(const InferTimes& times) {
    count.fetch_add(1, std::memory_order_relaxed);
    grow(queue, times.queue);
    grow(input, times.input);
    grow(infer, times.infer);
    grow(output, times.output);
    grow(total, times.total);
}

void ServedCounts::executed(std::int64_t size, const InferTimes& times) {
    executions.fetch_add(1, std::memory_order_relaxed);
    for (std::size_t step = 0; step < kBatchSizes; ++step) {
        BatchCounts& place = batches[(static_cast<std::size_t>(size) + step) % kBatchSizes];
        std::int64_t there = place.size.load(std::memory_order_relaxed);
        if (there == 0 && place.size.compare_exchange_strong(there, size)) {
            there = size;
        }
        if (there == size) {
            place.times.add(times);
            return;
        }
    }
}

void ServedCounts::succeeded(const InferTimes& times, Time now) {
    success.add(times);
    const auto since =
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
    last_inference_ms.store(since.count(), std::memory_order_relaxed);
}

std::int64_t ServedCounts::answered_rows() const {
    std::int64_t sum = 0;
    for (const auto& one : rows) {
        sum += one.load(std::memory_order_relaxed);
    }
    return sum;
}

}  // namespace flywheel::serving
