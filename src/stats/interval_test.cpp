// SPDX-License-Identifier: Apache-2.0
#include "stats/interval.h"

#include <array>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/rng.h"

namespace flywheel::stats {
namespace {

TEST(Interval, WilsonAndClopperPearsonAgreeWithPublishedValues) {
    struct Row {
        double k, n;
        Interval exact, score;
    };

    // SciPy 1.17, scipy.stats.binomtest(k, n).proportion_ci(.95, ...).
    for (const auto& row : {
             Row{8,
                 10,
                 {0.4439045376923585, 0.9747892736731665},
                 {0.4901624715366418, 0.9433178485456248}},
             Row{0, 300, {0.0, 0.012220974694296421}, {0.0, 0.012642971224546036}},
             Row{300, 300, {0.9877790253057036, 1.0}, {0.9873570287754541, 1.0}},
             Row{27,
                 60,
                 {0.3212215234633567, 0.5838808543668086},
                 {0.3309365440675524, 0.5750806411466566}},
             Row{750,
                 1000,
                 {0.7219499937762445, 0.7765695937353209},
                 {0.7222397197409138, 0.7758469010163085}},
         }) {
        SCOPED_TRACE(row.k);
        const Interval exact = clopper_pearson({row.k, row.n});
        EXPECT_NEAR(exact.lower, row.exact.lower, 1e-10);
        EXPECT_NEAR(exact.upper, row.exact.upper, 1e-10);
        const Interval score = wilson({row.k, row.n});
        EXPECT_NEAR(score.lower, row.score.lower, 1e-12);
        EXPECT_NEAR(score.upper, row.score.upper, 1e-12);
    }
}

TEST(Interval, OneSidedUpperBoundOfNoneInThreeHundredIsBelowOnePercent) {
    EXPECT_NEAR(clopper_pearson_upper({0, 300}), 0.0099, 0.00005);  // training-and-release, G
}

TEST(Interval, WithoutTrialsNothingIsKnown) {
    EXPECT_EQ(wilson({0, 0}).lower, 0);
    EXPECT_EQ(wilson({0, 0}).upper, 1);
    EXPECT_EQ(clopper_pearson({0, 0}).upper, 1);
}

TEST(Interval, NewcombeAgreesWithHisTable) {
    // Newcombe 1998, Table II, method 10: 56/70 - 48/80 and 9/10 - 3/10.
    const Interval first = newcombe_difference({56, 70}, {48, 80});
    EXPECT_NEAR(first.lower, 0.0524, 0.00005);
    EXPECT_NEAR(first.upper, 0.3339, 0.00005);
    const Interval second = newcombe_difference({9, 10}, {3, 10});
    EXPECT_NEAR(second.lower, 0.1705, 0.00005);
    EXPECT_NEAR(second.upper, 0.8090, 0.00005);
}

TEST(Hajek, AgreesWithTheSpecification) {
    const std::array<Drawn, 3> sample = {{{1, 0.5}, {0, 0.5}, {1, 0.25}}};
    const WeightedMean mean = hajek(sample);
    EXPECT_EQ(mean.n, 3);
    EXPECT_NEAR(mean.mean, 0.75, 1e-15);
    EXPECT_NEAR(mean.standard_error, 0.17678, 0.000005);
    EXPECT_NEAR(mean.n_effective, 64.0 / 24.0, 1e-12);
}

TEST(Hajek, OfEqualProbabilitiesIsThePlainMean) {
    const std::array<Drawn, 4> sample = {{{1, 0.1}, {0, 0.1}, {1, 0.1}, {1, 0.1}}};
    EXPECT_NEAR(hajek(sample).mean, 0.75, 1e-15);
    EXPECT_NEAR(hajek(sample).n_effective, 4, 1e-12);
    EXPECT_EQ(hajek({}).n, 0);
}

TEST(Hajek, StandardErrorIsTheSpreadOverPoissonSamples) {
    Rng rng(7);
    constexpr int kRows = 400;
    std::vector<Drawn> population;
    double truth = 0;
    for (int i = 0; i < kRows; ++i) {
        const double y = i % 3 == 0 ? 1 : 0;
        population.push_back({y, i % 2 == 0 ? 0.3 : 0.6});
        truth += y / kRows;
    }
    constexpr int kSamples = 2000;
    double squares = 0;
    double claimed = 0;
    for (int round = 0; round < kSamples; ++round) {
        std::vector<Drawn> sample;
        for (const auto& row : population) {
            if (rng.uniform() < row.probability) {
                sample.push_back(row);
            }
        }
        const WeightedMean mean = hajek(sample);
        squares += (mean.mean - truth) * (mean.mean - truth) / kSamples;
        claimed += mean.standard_error * mean.standard_error / kSamples;
    }
    EXPECT_NEAR(squares / claimed, 1, 0.1);
}

RC_GTEST_PROP(Interval, HoldsTheShareAndGrowsWithConfidence, ()) {
    const int n = *rc::gen::inRange(1, 500);
    const int k = *rc::gen::inRange(0, n + 1);
    const Share share{static_cast<double>(k), static_cast<double>(n)};
    for (const auto make : {&wilson, &clopper_pearson}) {
        const Interval narrow = make(share, 0.8);
        const Interval wide = make(share, 0.99);
        RC_ASSERT(0 <= wide.lower && wide.lower <= narrow.lower && narrow.lower <= share.value());
        RC_ASSERT(share.value() <= narrow.upper && narrow.upper <= wide.upper && wide.upper <= 1);
    }
}

}  // namespace
}  // namespace flywheel::stats
