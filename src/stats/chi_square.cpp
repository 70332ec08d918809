// SPDX-License-Identifier: Apache-2.0
#include "stats/chi_square.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "base/result.h"

namespace flywheel::stats {

namespace {

struct Cells {
    double n = 0;
    double m = 0;
    double scale = 1;  ///< Window counts are multiplied by it.

    [[nodiscard]] double term(double c, double r) const {
        const double scaled_n = n * scale;
        const double scaled_c = c * scale;
        if (scaled_c + r <= 0) {
            return 0;
        }
        const double gap = std::sqrt(m / scaled_n) * scaled_c - std::sqrt(scaled_n / m) * r;
        return gap * gap / (scaled_c + r);
    }
};

double total(std::span<const std::int64_t> counts) {
    return static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}));
}

}  // namespace

ChiSquare two_sample_chi_square(
    std::span<const std::int64_t> reference,
    std::span<const std::int64_t> window,
    const ChiSquarePlan& plan
) {
    CHECK(reference.size() == window.size());
    ChiSquare result;
    Cells cells{total(window), total(reference), 1};
    if (cells.n <= 0 || cells.m <= 0) {
        return result;
    }
    cells.scale = std::min(1.0, plan.window_rows_max / cells.n);
    std::vector<std::size_t> rarest_first(reference.size());
    std::iota(rarest_first.begin(), rarest_first.end(), std::size_t{0});
    std::stable_sort(rarest_first.begin(), rarest_first.end(), [&](std::size_t a, std::size_t b) {
        return reference[a] < reference[b];
    });
    double bins = 0;
    double pooled_c = 0;
    double pooled_r = 0;
    for (const std::size_t b : rarest_first) {
        const auto c = static_cast<double>(window[b]);
        const auto r = static_cast<double>(reference[b]);
        const double change = std::abs(c / cells.n - r / cells.m);
        if (change > result.effect || result.category < 0) {
            result.effect = change;
            result.category = static_cast<std::int64_t>(b);
        }
        pooled_c += c;
        pooled_r += r;
        if (pooled_r * cells.n / cells.m >= plan.expected_min) {
            result.statistic += cells.term(pooled_c, pooled_r);
            bins += 1;
            pooled_c = 0;
            pooled_r = 0;
        }
    }
    result.freedom = std::max(0.0, bins - 1);
    return result;
}

}  // namespace flywheel::stats
