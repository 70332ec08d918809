#pragma once
// SPDX-License-Identifier: Apache-2.0
// Has a mix of categories changed? The two-sample chi-square test, always in the form that knows
// that the reference is a sample too. Used by monitoring; pure functions, any thread.

#include <cstdint>
#include <span>

namespace flywheel::stats {

struct ChiSquare {
    double statistic = 0;
    double freedom = 0;          ///< Bins after pooling, less one; 0: there is nothing to test.
    double effect = 0;           ///< Largest |share in window - share in reference|.
    std::int64_t category = -1;  ///< Where that is.
};

struct ChiSquarePlan {
    /// The statistic is computed as if the window had at most this many rows (its shares stay); see
    /// monitoring.
    double window_rows_max = 1e18;
    /// Categories are pooled, rarest first, until the expected count in the window (reference share
    /// x rows) reaches this: the reference alone decides, so the law of the statistic does not
    /// depend on what came.
    double expected_min = 5;
};

/// X2 = sum_b (sqrt(m/n) c_b - sqrt(n/m) r_b)^2 / (c_b + r_b) over the same categories in both
/// (Numerical Recipes, 3rd ed., 14.3, "two binned data sets"); without change ~ chi2(freedom).
[[nodiscard]] ChiSquare two_sample_chi_square(
    std::span<const std::int64_t> reference,
    std::span<const std::int64_t> window,
    const ChiSquarePlan& plan = {}
);

}  // namespace flywheel::stats
