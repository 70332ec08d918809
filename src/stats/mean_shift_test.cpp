// SPDX-License-Identifier: Apache-2.0
#include "stats/mean_shift.h"

#include <array>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "base/rng.h"

namespace flywheel::stats {
namespace {

constexpr std::size_t kWidth = 24;

/// Five clusters on the unit sphere, as embeddings of a classifier look.
struct Cloud {
    Rng rng;
    std::vector<std::array<double, kWidth>> centres;

    explicit Cloud(std::uint64_t seed) : rng(seed), centres(5) {
        for (auto& centre : centres) {
            for (double& x : centre) {
                x = rng.normal();
            }
        }
    }

    /// `first` = extra chance of the first cluster.
    std::vector<float> rows(std::size_t count, double first = 0) {
        std::vector<float> values;
        for (std::size_t i = 0; i < count; ++i) {
            const auto cluster = rng.uniform() < first ? 0 : rng.below(centres.size());
            std::array<double, kWidth> row{};
            double squares = 0;
            for (std::size_t j = 0; j < kWidth; ++j) {
                row[j] = centres[cluster][j] + rng.normal() * (j < 8 ? 1.5 : 0.7);
                squares += row[j] * row[j];
            }
            for (const double x : row) {
                values.push_back(static_cast<float>(x / std::sqrt(squares)));
            }
        }
        return values;
    }
};

std::vector<double> mean_of(const std::vector<float>& values) {
    std::vector<double> mean(kWidth);
    const double rows = static_cast<double>(values.size()) / kWidth;
    for (std::size_t i = 0; i < values.size(); ++i) {
        mean[i % kWidth] += values[i] / rows;
    }
    return mean;
}

struct Trial {
    MeanFrame frame;
    MeanShift shift;
};

Trial run(Cloud& cloud, std::size_t m, std::size_t n, double first = 0) {
    const auto reference = cloud.rows(m);
    const auto window = cloud.rows(n, first);
    Trial trial;
    trial.frame = mean_frame({reference, kWidth});
    trial.shift = mean_shift(
        trial.frame,
        mean_of(reference),
        mean_of(window),
        {.reference_rows = static_cast<double>(m), .window_rows = static_cast<double>(n)}
    );
    return trial;
}

TEST(MeanShift, KeepsItsNominalLevelWithASmallReference) {
    Cloud cloud(31);
    constexpr int kTrials = 600;
    int at_one = 0;
    int at_ten = 0;
    double statistic = 0;
    MeanFrame frame;
    for (int trial = 0; trial < kTrials; ++trial) {
        const Trial got = run(cloud, 320, 100);
        at_one += got.shift.p < 0.01 ? 1 : 0;
        at_ten += got.shift.p < 0.10 ? 1 : 0;
        statistic += got.shift.statistic / kTrials;
        frame = got.frame;
    }
    EXPECT_EQ(frame.directions(), 16U);
    EXPECT_LE(at_one / static_cast<double>(kTrials), 0.02);
    EXPECT_NEAR(at_ten / static_cast<double>(kTrials), 0.10, 0.04);
    EXPECT_NEAR(statistic / expected_statistic(frame), 1, 0.05);
}

TEST(MeanShift, FindsAMovedClusterMix) {
    Cloud cloud(37);
    int found = 0;
    for (int trial = 0; trial < 40; ++trial) {
        found += run(cloud, 400, 150, 0.45).shift.p < 0.01 ? 1 : 0;
    }
    EXPECT_GE(found, 36);
}

TEST(MeanShift, EffectIsInStandardDeviations) {
    // One coordinate of unit variance moved by one: z = (1, 0, ..., 0) in the whitened frame.
    Rng rng(41);
    std::vector<float> values;
    for (int i = 0; i < 4000 * 4; ++i) {
        values.push_back(static_cast<float>(rng.normal()));
    }
    const MeanFrame frame = mean_frame({values, 4});
    ASSERT_EQ(frame.directions(), 4U);
    const std::array<double, 4> here = {0, 0, 0, 0};
    const std::array<double, 4> there = {1, 0, 0, 0};
    const MeanShift shift = mean_shift(frame, here, there, {4000, 4000, 1});
    EXPECT_NEAR(shift.effect, 0.5, 0.02);
    EXPECT_LT(shift.p, 1e-12);
}

TEST(MeanShift, RefusesToTestWhereNothingVaries) {
    const std::vector<float> same(400 * 3, 0.5F);
    EXPECT_EQ(mean_frame({same, 3}).directions(), 0U);
    const std::vector<float> few(10 * 3, 0.5F);
    EXPECT_EQ(mean_frame({few, 3}).directions(), 0U);
    const std::array<double, 3> zero = {0, 0, 0};
    EXPECT_EQ(mean_shift(mean_frame({same, 3}), zero, zero, {100, 100, 1}).p, 1);
}

TEST(MeanShift, DropsDirectionsThatDoNotVary) {
    Rng rng(43);
    std::vector<float> values;
    for (int i = 0; i < 500; ++i) {
        const auto x = static_cast<float>(rng.normal());
        values.insert(values.end(), {x, 2 * x, 1.0F});
    }
    EXPECT_EQ(mean_frame({values, 3}).directions(), 1U);
}

TEST(MeanShift, FrameIsAFunctionOfItsRowsAndSeed) {
    Cloud cloud(47);
    const auto rows = cloud.rows(300);
    EXPECT_EQ(mean_frame({rows, kWidth}).basis, mean_frame({rows, kWidth}).basis);
}

}  // namespace
}  // namespace flywheel::stats
