// SPDX-License-Identifier: Apache-2.0
#include "rooms/selection/group_book.h"

#include <string>

namespace flywheel::selection {

bool GroupBook::is_holdout(const Digest& group, double share) const {
    const GroupPast& past = of(group);
    if (past.tested || past.trained) {
        return past.tested;
    }
    std::string key = "holdout";
    key.append(reinterpret_cast<const char*>(group.bytes.data()), group.bytes.size());
    return unit_interval(xxh3(key)) < share;
}

}  // namespace flywheel::selection
