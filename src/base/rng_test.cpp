// SPDX-License-Identifier: Apache-2.0
#include "base/rng.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace flywheel {
namespace {

TEST(Mix64, IsSplitMix64) {
    // First outputs of the authors' splitmix64.c with state 0.
    EXPECT_EQ(mix64(0), 0xE220A8397B1DCDAFULL);
    EXPECT_EQ(mix64(0x9E3779B97F4A7C15ULL), 0x6E789E6AA1B965F4ULL);
    EXPECT_EQ(mix64(2 * 0x9E3779B97F4A7C15ULL), 0x06C45D188009454FULL);
}

TEST(Rng, GivesTheNumbersOfXoshiro256StarStarSeededBySplitMix64) {
    Rng rng(0);
    EXPECT_EQ(rng.next(), 0x99EC5F36CB75F2B4ULL);
    EXPECT_EQ(rng.next(), 0xBF6E1F784956452AULL);
    EXPECT_EQ(rng.next(), 0x1A5F849D4933E6E0ULL);
}

TEST(Rng, SameSeedSameNumbers) {
    Rng one(42);
    Rng two(42);
    Rng other(43);
    int equal_to_other = 0;
    for (int i = 0; i < 1000; ++i) {
        const auto number = one.next();
        EXPECT_EQ(number, two.next());
        equal_to_other += number == other.next() ? 1 : 0;
    }
    EXPECT_EQ(equal_to_other, 0);
}

TEST(Rng, NamedUsesDoNotDisturbEachOther) {
    EXPECT_EQ(Rng::named(7, "audit").next(), Rng::named(7, "audit").next());
    EXPECT_NE(Rng::named(7, "audit").next(), Rng::named(7, "tune").next());
    EXPECT_NE(Rng::named(7, "audit").next(), Rng::named(8, "audit").next());
}

TEST(Rng, UniformFillsTheUnitInterval) {
    Rng rng(11);
    constexpr int kDraws = 200'000;
    constexpr int kCells = 100;
    std::vector<int> cells(kCells, 0);
    double sum = 0;
    for (int i = 0; i < kDraws; ++i) {
        const double u = rng.uniform();
        ASSERT_GE(u, 0.0);
        ASSERT_LT(u, 1.0);
        sum += u;
        ++cells[static_cast<std::size_t>(u * kCells)];
    }
    EXPECT_NEAR(sum / kDraws, 0.5, 5 * std::sqrt(1.0 / 12 / kDraws));
    double chi_square = 0;
    for (const int count : cells) {
        const double expected = static_cast<double>(kDraws) / kCells;
        chi_square += (count - expected) * (count - expected) / expected;
    }
    EXPECT_LT(chi_square, 160.0) << "99 degrees of freedom: above 160 once in 10,000 seeds";
}

TEST(Rng, BelowIsUniformForABoundThatDoesNotDivideTheRange) {
    Rng rng(12);
    constexpr int kDraws = 70'000;
    std::vector<int> counts(7, 0);
    for (int i = 0; i < kDraws; ++i) {
        ++counts.at(rng.below(7));
    }
    for (const int count : counts) {
        EXPECT_NEAR(count, kDraws / 7, 5 * std::sqrt(kDraws * (1.0 / 7) * (6.0 / 7)));
    }
}

TEST(Rng, BelowHasNoBiasForAHugeBound) {
    // With bound 3 * 2^62 a plain remainder would give the lower third twice as often.
    Rng rng(13);
    constexpr std::uint64_t kBound = 3ULL << 62U;
    constexpr int kDraws = 30'000;
    int lower_third = 0;
    for (int i = 0; i < kDraws; ++i) {
        const auto draw = rng.below(kBound);
        ASSERT_LT(draw, kBound);
        lower_third += draw < kBound / 3 ? 1 : 0;
    }
    EXPECT_NEAR(lower_third, kDraws / 3, 5 * std::sqrt(kDraws * 2.0 / 9));
}

TEST(Rng, NormalHasTheMomentsOfTheNormal) {
    Rng rng(14);
    constexpr int kDraws = 200'000;
    double sum = 0;
    double squares = 0;
    double fourths = 0;
    int within_one = 0;
    for (int i = 0; i < kDraws; ++i) {
        const double z = rng.normal();
        sum += z;
        squares += z * z;
        fourths += z * z * z * z;
        within_one += std::abs(z) < 1 ? 1 : 0;
    }
    const double n = kDraws;
    EXPECT_NEAR(sum / n, 0.0, 5 / std::sqrt(n));
    EXPECT_NEAR(squares / n, 1.0, 5 * std::sqrt(2 / n));
    EXPECT_NEAR(fourths / n, 3.0, 5 * std::sqrt(96 / n));
    EXPECT_NEAR(within_one / n, 0.682689, 5 * std::sqrt(0.682689 * 0.317311 / n));
}

RC_GTEST_PROP(Rng, ShuffleKeepsWhatIsThere, (std::uint64_t seed, std::vector<int> items)) {
    Rng rng(seed);
    auto shuffled = items;
    rng.shuffle(shuffled);
    std::sort(items.begin(), items.end());
    std::sort(shuffled.begin(), shuffled.end());
    RC_ASSERT(shuffled == items);
}

TEST(Rng, ShuffleGivesEveryOrderAlike) {
    Rng rng(15);
    std::vector<int> counts(6, 0);
    constexpr int kDraws = 60'000;
    for (int i = 0; i < kDraws; ++i) {
        std::vector<int> items = {0, 1, 2};
        rng.shuffle(items);
        const int order = items[0] * 2 + (items[1] > items[2] ? 1 : 0);
        ++counts[static_cast<std::size_t>(order)];
    }
    for (const int count : counts) {
        EXPECT_NEAR(count, kDraws / 6, 5 * std::sqrt(kDraws * 5.0 / 36));
    }
}

TEST(FreshSeed, DiffersEachTime) {
    EXPECT_NE(fresh_seed(), fresh_seed());
}

}  // namespace
}  // namespace flywheel
