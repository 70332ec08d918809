// SPDX-License-Identifier: Apache-2.0
#include "rooms/serving/batching/turn_line.h"

#include <algorithm>

namespace flywheel::serving {

namespace {

constexpr float kNewest = 1.0F / 16;  // weight of the newest request in the mean

}  // namespace

bool TurnLine::is_long(std::size_t bytes) const {
    using Nanos = std::chrono::duration<float, std::nano>;
    const float each = nanos_a_byte_.load(std::memory_order_relaxed);
    return Nanos(each * static_cast<float>(bytes)) >= kLong;
}

/// Threads that meet here may lose one of two updates: it is an estimate.
void TurnLine::ran(std::size_t bytes, std::chrono::nanoseconds took) {
    if (bytes == 0) {
        return;
    }
    const float each = static_cast<float>(took.count()) / static_cast<float>(bytes);
    const float before = nanos_a_byte_.load(std::memory_order_relaxed);
    // A thread that was not run for a while says nothing about its request: what is new counts as
    // twice the mean at the most, so a change is learned from a dozen requests and not from one.
    const float mean = before > 0 ? before + kNewest * (std::min(each, 2 * before) - before) : each;
    nanos_a_byte_.store(mean, std::memory_order_relaxed);
}

Result<void> TurnLine::admit(std::int64_t busy, std::int64_t rows) const {
    if (busy > 0 && busy + rows > most_rows_) {
        return too_many_wait(busy, most_rows_);
    }
    return {};
}

}  // namespace flywheel::serving
