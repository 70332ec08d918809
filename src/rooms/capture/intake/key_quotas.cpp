// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/intake/key_quotas.h"

#include <algorithm>
#include <cmath>

namespace flywheel {

namespace {

std::int64_t hour_of(Time time) {
    return std::chrono::floor<std::chrono::hours>(time).time_since_epoch().count();
}

}  // namespace

double KeyQuotas::share_now(const Hour& hour) const {
    const double over = std::floor(hour.expected / rows_per_hour_);
    return std::clamp(hour.first_share * std::exp2(-std::min(over, 64.0)), kLeastShare, 1.0);
}

double KeyQuotas::share(std::string_view key, Time time, double wanted) {
    const std::int64_t number = hour_of(time);
    const std::lock_guard lock(mutex_);
    auto found = hours_.find(key);
    if (found == hours_.end()) {
        const bool full = hours_.size() >= kKeysMax;
        found = hours_.try_emplace(full ? std::string("*") : std::string(key)).first;
    }
    Hour& hour = found->second;
    if (number > hour.number) {  // rows that come late count in the hour that runs
        const bool followed = number == hour.number + 1 && hour.wanted > 0;
        const double first = followed ? rows_per_hour_ / hour.wanted : 1;
        hour = {number, 0, 0, std::clamp(first, kLeastShare, 1.0)};
    }
    const double share = share_now(hour);
    hour.wanted += wanted;
    hour.expected += wanted * share;
    return share;
}

std::size_t KeyQuotas::scaled(Time now) const {
    const std::int64_t number = hour_of(now);
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::ranges::count_if(hours_, [&](const auto& one) {
        return one.second.number == number && share_now(one.second) < 1;
    }));
}

}  // namespace flywheel
