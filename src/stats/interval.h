#pragma once
// SPDX-License-Identifier: Apache-2.0
// Intervals for shares, and the mean of a sample drawn with known probabilities. Used by
// monitoring, evaluation and everything that shows a number to a person; pure functions, any
// thread.

#include <cstdint>
#include <span>

namespace flywheel::stats {

struct Interval {
    double lower = 0;
    double upper = 1;
};

/// `successes` of `trials`; both may be fractions (effective sample sizes), 0 <= successes <=
/// trials.
struct Share {
    double successes = 0;
    double trials = 0;

    [[nodiscard]] double value() const { return trials > 0 ? successes / trials : 0; }
};

/// Score interval of Wilson (JASA 22, 1927). No trials: [0, 1].
[[nodiscard]] Interval wilson(const Share& share, double confidence = 0.95);

/// Exact interval of Clopper and Pearson (Biometrika 26, 1934): covers at least `confidence`. No
/// trials: [0, 1].
[[nodiscard]] Interval clopper_pearson(const Share& share, double confidence = 0.95);
/// One-sided upper bound: the share is below it with at least `confidence`.
[[nodiscard]] double clopper_pearson_upper(const Share& share, double confidence = 0.95);

/// Interval of first - second for independent samples: method 10 of Newcombe (Stat. Med. 17, 1998,
/// p. 873).
[[nodiscard]] Interval newcombe_difference(
    const Share& first, const Share& second, double confidence = 0.95
);

/// Two shares of independent samples, and how far apart they are.
struct Contrast {
    Share first;
    Share second;
    double difference = 0;  ///< first - second.
    Interval interval;      ///< Of it.
    double confidence = 0.95;
};

[[nodiscard]] Contrast contrast(const Share& first, const Share& second, double confidence = 0.95);

/// One value of a sample, and the probability with which its row was taken.
struct Drawn {
    double value = 0;
    double probability = 1;  ///< In (0, 1].
};

struct WeightedMean {
    std::int64_t n = 0;
    double mean = 0;
    double standard_error = 0;  ///< Poisson sampling: 0 when every row was taken.
    double n_effective = 0;     ///< (sum w)^2 / sum w^2 with w = 1/probability (Kish 1965).
};

/// Hajek's mean sum(y/pi) / sum(1/pi) with the variance sum (1-pi)(y-m)^2/pi^2 / (sum 1/pi)^2 of
/// Poisson sampling (Sarndal, Swensson, Wretman 1992, 5.7 and 7.2). Empty: all zero.
[[nodiscard]] WeightedMean hajek(std::span<const Drawn> sample);

}  // namespace flywheel::stats
