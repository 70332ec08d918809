// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/intake/key_quotas.h"

#include <cmath>

#include <gtest/gtest.h>

#include "base/rng.h"

namespace flywheel {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

const Time kStart{std::chrono::sys_days(std::chrono::year(2026) / 11 / 28)};

TEST(KeyQuotas, TakeEverythingAsLongAsNobodyAsksForMore) {
    KeyQuotas quotas(100);
    for (int i = 0; i < 99; ++i) {
        EXPECT_EQ(quotas.share("shop", kStart, 1), 1);
    }
    EXPECT_EQ(quotas.scaled(kStart), 0U);
    EXPECT_FALSE(KeyQuotas(0).are_set());
}

TEST(KeyQuotas, ScaleTheNextHourByWhatTheLastOneWanted) {
    KeyQuotas quotas(100);
    for (int i = 0; i < 400; ++i) {
        quotas.share("shop", kStart, 1);
    }
    EXPECT_EQ(quotas.share("shop", kStart + hours(1), 1), .25);
    EXPECT_EQ(quotas.share("other", kStart + hours(1), 1), 1) << "each key has its own";
    EXPECT_EQ(quotas.share("shop", kStart + hours(3), 1), 1) << "an hour without rows";
}

TEST(KeyQuotas, HalveWithinAnHourEachTimeTheQuotaIsReached) {
    KeyQuotas quotas(100);
    for (int i = 0; i < 100; ++i) {
        quotas.share("shop", kStart, 1);
    }
    EXPECT_EQ(quotas.share("shop", kStart, 1), .5);
    for (int i = 0; i < 1'000'000; ++i) {
        quotas.share("shop", kStart, 1);
    }
    EXPECT_EQ(quotas.share("shop", kStart, 1), KeyQuotas::kLeastShare);
    EXPECT_EQ(quotas.scaled(kStart), 1U);
}

TEST(KeyQuotas, CountRowsThatPolicyWouldHardlyKeepAsLittle) {
    KeyQuotas quotas(100);
    for (int i = 0; i < 1000; ++i) {
        quotas.share("shop", kStart, .1);
    }
    EXPECT_NEAR(quotas.share("shop", kStart + hours(1), 1), 1, 1e-9);
}

/// Horvitz and Thompson's total: each kept value divided by the probability that kept it.
TEST(KeyQuotas, LeaveTotalsOverTrafficUnbiased) {
    constexpr int kRuns = 400;
    constexpr int kRows = 3000;
    Rng rng(11);
    double sum = 0;
    double squares = 0;
    double truth = 0;
    for (int run = 0; run < kRuns; ++run) {
        KeyQuotas quotas(200);
        double total = 0;
        truth = 0;
        for (int i = 0; i < kRows; ++i) {
            const double value = 1 + i % 7;
            const double wanted = i % 3 == 0 ? 1.0 : .4;
            const double p = wanted * quotas.share("shop", kStart + seconds(i * 4), wanted);
            truth += value;
            total += rng.uniform() < p ? value / p : 0;
        }
        sum += total;
        squares += total * total;
    }
    const double mean = sum / kRuns;
    const double error = std::sqrt((squares / kRuns - mean * mean) / kRuns);
    EXPECT_NEAR(mean, truth, 4 * error);
    EXPECT_LT(error, truth / 100) << "else the test would see nothing";
}

}  // namespace
}  // namespace flywheel
