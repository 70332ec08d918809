// SPDX-License-Identifier: Apache-2.0
#include "gateway/inference/turns.h"

#include <algorithm>
#include <utility>

namespace flywheel::gateway {

void Turns::add(const void* who, std::int64_t rows, std::function<void()> begin) {
    turns_.push_back({who, rows, std::move(begin)});
    if (turns_.size() == 1) {
        turns_.front().begin();
    }
}

void Turns::end(const void* who) {
    const auto found = std::find_if(turns_.begin(), turns_.end(), [who](const Turn& turn) {
        return turn.who == who;
    });
    if (found == turns_.end()) {
        return;
    }
    const bool was_first = found == turns_.begin();
    turns_.erase(found);
    if (was_first && !turns_.empty()) {
        turns_.front().begin();
    }
}

std::int64_t Turns::rows() const {
    std::int64_t rows = 0;
    for (const Turn& turn : turns_) {
        rows += turn.rows;
    }
    return rows;
}

}  // namespace flywheel::gateway
