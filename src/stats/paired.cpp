// SPDX-License-Identifier: Apache-2.0
#include "stats/paired.h"

#include <algorithm>
#include <cmath>

#include "base/result.h"
#include "stats/special.h"

namespace flywheel::stats {

namespace {

/// Tango's Z(d) = (b-c-nd) / sqrt(n (2q + d(1-d))), q = larger root of 2n q^2 + (-b-c+(2n-b+c)d) q
/// - cd(1-d) = 0.
double tango_score(double b, double c, double n, double d) {
    const double linear = -b - c + (2 * n - b + c) * d;
    const double constant = -c * d * (1 - d);
    const double q =
        (-linear + std::sqrt(std::max(0.0, linear * linear - 8 * n * constant))) / (4 * n);
    const double variance = n * (2 * q + d * (1 - d));
    const double distance = b - c - n * d;
    // At the ends of the range the variance vanishes; the score is then beyond every bound.
    return variance > 1e-12 ? distance / std::sqrt(variance) : std::copysign(1e9, distance);
}

}  // namespace

double mcnemar_better(const PairedCounts& counts) {
    CHECK(counts.only_first >= 0 && counts.only_second >= 0);
    return binomial_at_least(
        static_cast<double>(counts.only_first),
        static_cast<double>(counts.only_first + counts.only_second),
        0.5
    );
}

double tango_lower(const PairedCounts& counts, double alpha) {
    CHECK(counts.only_first + counts.only_second <= counts.items);
    if (counts.items == 0) {
        return -1;
    }
    const auto b = static_cast<double>(counts.only_first);
    const auto c = static_cast<double>(counts.only_second);
    const auto n = static_cast<double>(counts.items);
    const double wanted = normal_quantile(1 - alpha);
    double low = -1;
    double high = counts.delta();
    for (int round = 0; round < 60; ++round) {
        const double middle = (low + high) / 2;
        (tango_score(b, c, n, middle) > wanted ? low : high) = middle;
    }
    return (low + high) / 2;
}

}  // namespace flywheel::stats
