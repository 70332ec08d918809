#pragma once
// SPDX-License-Identifier: Apache-2.0
// How sure a model was of one row, from its scores as served. Used by serving when it hands rows to
// capture, and by capture when it reads rows that were written before these numbers were stored.
// Pure functions, any thread.

#include <algorithm>
#include <cmath>
#include <span>

namespace flywheel {

struct Uncertainty {
    float confidence = 0;  ///< The greatest score.
    float margin = 0;      ///< The greatest less the second greatest; a lone score less 0.
    float entropy = 0;     ///< -sum p ln p, nats (Shannon 1948); scores of 0 or less add nothing.
};

/// All 0 without scores.
[[nodiscard]] inline Uncertainty uncertainty_of(std::span<const float> scores) {
    if (scores.empty()) {
        return {};
    }
    float first = scores[0];
    float second = scores.size() == 1 ? 0.0F : -HUGE_VALF;
    float entropy = 0;
    for (std::size_t i = 0; i < scores.size(); ++i) {
        const float score = scores[i];
        if (i > 0) {
            second = std::max(second, std::min(first, score));
            first = std::max(first, score);
        }
        entropy -= score > 0 ? score * std::log(score) : 0.0F;
    }
    return {first, first - second, entropy};
}

}  // namespace flywheel
