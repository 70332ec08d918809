// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/capture_counters.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace flywheel {

void FlushTimes::add(std::uint64_t us) {
    const auto* bound =
        std::lower_bound(kBounds.begin(), kBounds.end(), static_cast<std::int64_t>(us));
    ++counts[static_cast<std::size_t>(bound - kBounds.begin())];
    us_total += us;
    us_max = std::max(us_max, us);
}

void FeedbackTally::add(const Feedback& said_now) {
    ++said[static_cast<std::size_t>(said_now.source)][static_cast<std::size_t>(said_now.kind)];
    const auto id = Uuid::parse(said_now.target);
    if (!id) {
        return;
    }
    const std::chrono::duration<double> delay = said_now.arrived - id->time();
    const auto seconds = std::max<std::int64_t>(0, std::llround(std::ceil(delay.count())));
    const auto* bound = std::lower_bound(kBounds.begin(), kBounds.end(), seconds);
    ++delays[static_cast<std::size_t>(bound - kBounds.begin())];
    delay_seconds += std::max(0.0, delay.count());
}

}  // namespace flywheel
