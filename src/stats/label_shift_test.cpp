// SPDX-License-Identifier: Apache-2.0
#include "stats/label_shift.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/rng.h"

namespace flywheel::stats {
namespace {

/// A world of two classes, N(-1, 1) and N(1, 1), and a classifier that knows it under a class share
/// of one half.
struct World {
    Rng rng{29};

    std::pair<int, std::array<float, 2>> row(double share_of_second) {
        const int label = rng.uniform() < share_of_second ? 1 : 0;
        const double x = rng.normal() + (label == 1 ? 1 : -1);
        const double second = 1 / (1 + std::exp(-2 * x));
        return {label, {static_cast<float>(1 - second), static_cast<float>(second)}};
    }
};

constexpr std::array<double, 2> kHalf = {0.5, 0.5};

TEST(LabelShift, FindsTheClassMixOfAShiftedWorld) {
    World world;
    MixEstimator estimator({0.5, 0.5});
    for (int i = 0; i < 20'000; ++i) {
        estimator.add(world.row(0.9).second, kHalf);
    }
    const MixEstimate estimate = estimator.estimate({.pull = 20, .rounds_max = 200});
    EXPECT_NEAR(estimate.mix[1], 0.9, 0.01);
    EXPECT_NEAR(estimate.mix[0] + estimate.mix[1], 1, 1e-12);
}

TEST(LabelShift, CorrectionRaisesAccuracyInAShiftedWorld) {
    World world;
    constexpr int kRows = 20'000;
    const std::array<double, 2> now = {0.1, 0.9};
    int plain = 0;
    int better = 0;
    for (int i = 0; i < kRows; ++i) {
        const auto [label, scores] = world.row(0.9);
        plain += (scores[1] > scores[0]) == (label == 1) ? 1 : 0;
        const auto tilted = corrected(scores, now, kHalf);
        better += (tilted[1] > tilted[0]) == (label == 1) ? 1 : 0;
    }
    // Bayes: .841 with the old threshold, .926 with the right one.
    EXPECT_GT(better, plain + kRows * 0.06);
}

TEST(LabelShift, RowsOfVersionsWithDifferentPriorsAgree) {
    // The same rows scored by a twin that was trained on shares (.2, .8) carry the same evidence.
    World world;
    const std::array<double, 2> other = {0.2, 0.8};
    MixEstimator first({0.5, 0.5});
    MixEstimator second({0.5, 0.5});
    for (int i = 0; i < 3000; ++i) {
        const auto scores = world.row(0.7).second;
        first.add(scores, kHalf);
        if (i % 2 == 0) {
            second.add(corrected(scores, other, kHalf), other);
        } else {
            second.add(scores, kHalf);
        }
    }
    EXPECT_NEAR(first.estimate().mix[1], second.estimate().mix[1], 1e-6);
}

TEST(LabelShift, PullHoldsASmallWindowNearThePrior) {
    MixEstimator estimator({0.5, 0.5});
    for (int i = 0; i < 10; ++i) {
        estimator.add(std::array<float, 2>{0.01F, 0.99F}, kHalf);
    }
    EXPECT_NEAR(estimator.estimate({.pull = 1000}).mix[1], 0.505, 0.001);
    EXPECT_GT(estimator.estimate({.pull = 1}).mix[1], 0.9);
}

TEST(LabelShift, WithoutRowsThePriorStays) {
    MixEstimator estimator({0.25, 0.75});
    estimator.add(std::array<float, 2>{0, 0}, kHalf);
    EXPECT_EQ(estimator.rows(), 0);
    EXPECT_EQ(estimator.estimate().mix[1], 0.75);
    EXPECT_EQ(estimator.estimate().rounds, 0);
}

TEST(LabelShift, ScoresOfZeroBecomeTheCurrentMix) {
    const auto scores =
        corrected(std::array<float, 2>{0, 0}, std::array<double, 2>{0.1, 0.9}, kHalf);
    EXPECT_FLOAT_EQ(scores[1], 0.9F);
}

RC_GTEST_PROP(LabelShift, CorrectingBackReturnsTheScores, ()) {
    const int classes = *rc::gen::inRange(2, 8);
    const auto shares = [&] {
        std::vector<double> made;
        for (int k = 0; k < classes; ++k) {
            made.push_back(*rc::gen::inRange(1, 1000));
        }
        const double sum = std::accumulate(made.begin(), made.end(), 0.0);
        for (double& share : made) {
            share /= sum;
        }
        return made;
    };
    const auto from = shares();
    const auto to = shares();
    const auto made = shares();
    const std::vector<float> scores(made.begin(), made.end());
    const auto tilted = corrected(scores, to, from);
    RC_ASSERT(std::abs(std::accumulate(tilted.begin(), tilted.end(), 0.0) - 1) < 1e-5);
    const auto back = corrected(tilted, from, to);
    for (std::size_t k = 0; k < scores.size(); ++k) {
        RC_ASSERT(std::abs(back[k] - scores[k]) < 1e-4);
    }
}

}  // namespace
}  // namespace flywheel::stats
