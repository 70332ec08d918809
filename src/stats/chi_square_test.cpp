// SPDX-License-Identifier: Apache-2.0
#include "stats/chi_square.h"

#include <array>
#include <vector>

#include <gtest/gtest.h>

#include "base/rng.h"
#include "stats/special.h"

namespace flywheel::stats {
namespace {

using Counts = std::vector<std::int64_t>;

Counts draw(const std::vector<double>& shares, int rows, Rng& rng) {
    Counts counts(shares.size());
    for (int i = 0; i < rows; ++i) {
        double u = rng.uniform();
        std::size_t k = 0;
        while (k + 1 < shares.size() && u >= shares[k]) {
            u -= shares[k++];
        }
        ++counts[k];
    }
    return counts;
}

TEST(ChiSquare, EqualsTheContingencyTableStatistic) {
    // Two-sample form = Pearson's statistic of the 2 x 3 table (20 30 50; 30 30 40): 3.1111 on 2
    // degrees.
    const ChiSquare test = two_sample_chi_square(Counts{20, 30, 50}, Counts{30, 30, 40});
    EXPECT_NEAR(test.statistic, 2.0 + 10.0 / 9.0, 1e-12);
    EXPECT_EQ(test.freedom, 2);
    EXPECT_NEAR(test.effect, 0.1, 1e-12);
    EXPECT_EQ(test.category, 0);
}

TEST(ChiSquare, OfProportionalCountsIsZero) {
    const ChiSquare test = two_sample_chi_square(Counts{100, 200, 300}, Counts{10, 20, 30});
    EXPECT_NEAR(test.statistic, 0, 1e-12);
    EXPECT_NEAR(test.effect, 0, 1e-12);
}

TEST(ChiSquare, PoolsRareCategoriesByTheReferenceAlone) {
    // Expected in a window of 100: 60, 35, 3, 2: the last two are pooled.
    const Counts reference = {600, 350, 30, 20};
    EXPECT_EQ(two_sample_chi_square(reference, Counts{60, 35, 3, 2}).freedom, 2);
    EXPECT_EQ(two_sample_chi_square(reference, Counts{0, 0, 50, 50}).freedom, 2);
    // A category the reference never saw joins the rarest; its change of share is still told.
    const ChiSquare unseen = two_sample_chi_square(Counts{600, 400, 0}, Counts{50, 30, 20});
    EXPECT_EQ(unseen.freedom, 1);
    EXPECT_EQ(unseen.category, 2);
    EXPECT_NEAR(unseen.effect, 0.2, 1e-12);
}

TEST(ChiSquare, HasNothingToTestInOneCategoryOrNoRows) {
    EXPECT_EQ(two_sample_chi_square(Counts{500, 0}, Counts{40, 0}).freedom, 0);
    EXPECT_EQ(two_sample_chi_square(Counts{500, 500}, Counts{0, 0}).freedom, 0);
    EXPECT_EQ(two_sample_chi_square(Counts{0, 0}, Counts{5, 5}).freedom, 0);
}

TEST(ChiSquare, ACapOfTheWindowShrinksTheEvidenceAndKeepsTheEffect) {
    const Counts reference = {100, 100, 100};
    const Counts window = {150, 75, 75};
    const ChiSquare all = two_sample_chi_square(reference, window);
    const ChiSquare capped = two_sample_chi_square(reference, window, {.window_rows_max = 30});
    EXPECT_LT(capped.statistic, all.statistic / 2);
    EXPECT_EQ(capped.freedom, all.freedom);
    EXPECT_EQ(capped.effect, all.effect);
}

TEST(ChiSquare, KeepsItsNominalLevel) {
    Rng rng(5);
    const std::vector<double> shares = {0.3, 0.2, 0.2, 0.1, 0.1, 0.07, 0.03};
    constexpr int kTrials = 4000;
    int low = 0;
    int very_low = 0;
    for (int trial = 0; trial < kTrials; ++trial) {
        const ChiSquare test =
            two_sample_chi_square(draw(shares, 400, rng), draw(shares, 150, rng));
        const double p = chi_square_survival(test.statistic, test.freedom);
        low += p < 0.05 ? 1 : 0;
        very_low += p < 0.01 ? 1 : 0;
    }
    EXPECT_NEAR(low / static_cast<double>(kTrials), 0.05, 0.012);
    EXPECT_NEAR(very_low / static_cast<double>(kTrials), 0.01, 0.006);
}

}  // namespace
}  // namespace flywheel::stats
