// SPDX-License-Identifier: Apache-2.0
#include "gateway/trail/refusals.h"

#include <algorithm>

namespace flywheel::trail {

void Refusals::add(
    Offence offence,
    std::string_view who,
    std::string_view from,
    std::string_view about,
    std::int64_t count
) {
    const std::scoped_lock lock(mutex_);
    const auto known = std::find_if(lines_.begin(), lines_.end(), [&](const RefusalTally& line) {
        return line.offence == offence && line.who == who && line.from == from;
    });
    if (known != lines_.end()) {
        known->count += count;
    } else if (lines_.size() < kLines) {
        lines_.push_back(
            {offence, std::string(who), std::string(from), std::string(about), count, false}
        );
    } else {
        beyond_[static_cast<std::size_t>(offence)] += count;
    }
}

std::vector<RefusalTally> Refusals::take() {
    std::vector<RefusalTally> taken;
    const std::scoped_lock lock(mutex_);
    taken.swap(lines_);
    for (std::size_t i = 0; i < beyond_.size(); ++i) {
        if (beyond_[i] > 0) {
            taken.push_back({static_cast<Offence>(i), "", "", "", beyond_[i], true});
            beyond_[i] = 0;
        }
    }
    return taken;
}

}  // namespace flywheel::trail
