// SPDX-License-Identifier: Apache-2.0
#include "stats/interval.h"

#include <algorithm>
#include <cmath>

#include "base/result.h"
#include "stats/special.h"

namespace flywheel::stats {

namespace {

void check_share(const Share& share) {
    CHECK(share.successes >= 0 && share.successes <= share.trials);
}

double clopper_lower(const Share& share, double tail) {
    return share.successes <= 0
               ? 0
               : beta_quantile(share.successes, share.trials - share.successes + 1, tail);
}

double clopper_upper(const Share& share, double tail) {
    return share.successes >= share.trials
               ? 1
               : beta_quantile(share.successes + 1, share.trials - share.successes, 1 - tail);
}

}  // namespace

Interval wilson(const Share& share, double confidence) {
    check_share(share);
    if (share.trials <= 0) {
        return {};
    }
    const double z = normal_quantile((1 + confidence) / 2);
    const double n = share.trials;
    const double p = share.value();
    const double scale = 1 + z * z / n;
    const double centre = (p + z * z / (2 * n)) / scale;
    const double half = z / scale * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    // Rounding must not push the bound of 0 or n successes past the share itself.
    return {std::clamp(centre - half, 0.0, p), std::clamp(centre + half, p, 1.0)};
}

Interval clopper_pearson(const Share& share, double confidence) {
    check_share(share);
    const double tail = (1 - confidence) / 2;
    return {clopper_lower(share, tail), clopper_upper(share, tail)};
}

double clopper_pearson_upper(const Share& share, double confidence) {
    check_share(share);
    return clopper_upper(share, 1 - confidence);
}

Interval newcombe_difference(const Share& first, const Share& second, double confidence) {
    const Interval a = wilson(first, confidence);
    const Interval b = wilson(second, confidence);
    const double p = first.value();
    const double q = second.value();
    const double difference = p - q;
    return {
        difference - std::hypot(p - a.lower, b.upper - q),
        difference + std::hypot(a.upper - p, q - b.lower)
    };
}

Contrast contrast(const Share& first, const Share& second, double confidence) {
    return {
        first,
        second,
        first.value() - second.value(),
        newcombe_difference(first, second, confidence),
        confidence
    };
}

WeightedMean hajek(std::span<const Drawn> sample) {
    WeightedMean result;
    result.n = static_cast<std::int64_t>(sample.size());
    double weights = 0;
    double squares = 0;
    double values = 0;
    for (const auto& row : sample) {
        CHECK(row.probability > 0 && row.probability <= 1);
        const double weight = 1 / row.probability;
        weights += weight;
        squares += weight * weight;
        values += weight * row.value;
    }
    if (sample.empty()) {
        return result;
    }
    result.mean = values / weights;
    result.n_effective = weights * weights / squares;
    double variance = 0;
    for (const auto& row : sample) {
        const double miss = (row.value - result.mean) / row.probability;
        variance += (1 - row.probability) * miss * miss;
    }
    result.standard_error = std::sqrt(variance) / weights;
    return result;
}

}  // namespace flywheel::stats
