// SPDX-License-Identifier: Apache-2.0
// Vectors: training-and-release, section G.
#include "stats/paired.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/rng.h"

namespace flywheel::stats {
namespace {

TEST(McNemar, AgreesWithTheSpecification) {
    struct Row {
        std::int64_t b, c;
        double p;
    };

    for (const auto& row :
         {Row{5, 0, 0.03125},
          Row{4, 0, 0.0625},
          Row{10, 3, 0.046143},
          Row{15, 5, 0.020695},
          Row{20, 10, 0.049369},
          Row{0, 0, 1}}) {
        SCOPED_TRACE(row.b);
        EXPECT_NEAR(mcnemar_better({row.b, row.c, 100}), row.p, 5e-7);
    }
}

TEST(Tango, AgreesWithTheSpecification) {
    struct Row {
        std::int64_t b, c, n;
        double bound;
    };

    for (const auto& row :
         {Row{20, 10, 200, 0.00516}, Row{30, 15, 371, 0.01100}, Row{12, 12, 240, -0.03502}}) {
        SCOPED_TRACE(row.n);
        EXPECT_NEAR(tango_lower({row.b, row.c, row.n}), row.bound, 5e-6);
    }
}

TEST(Tango, AFewItemsWithoutDisagreementProveLittle) {
    EXPECT_NEAR(tango_lower({0, 0, 50}), -0.051, 0.0005);  // section G: -5.1 points
    EXPECT_EQ(tango_lower({0, 0, 0}), -1);
}

TEST(Tango, CoversTheTruthAtItsLevel) {
    Rng rng(11);
    constexpr int kTrials = 3000;
    int missed = 0;
    for (int trial = 0; trial < kTrials; ++trial) {
        PairedCounts counts{0, 0, 120};
        for (int i = 0; i < 120; ++i) {
            const double u = rng.uniform();
            counts.only_first += u < 0.10 ? 1 : 0;
            counts.only_second += u > 0.93 ? 1 : 0;
        }
        missed += tango_lower(counts) > 0.03 ? 1 : 0;
    }
    EXPECT_NEAR(missed / static_cast<double>(kTrials), 0.05, 0.015);
}

RC_GTEST_PROP(Tango, BoundLiesBelowTheDifferenceAndRisesWithB, ()) {
    const auto b = *rc::gen::inRange<std::int64_t>(0, 60);
    const auto c = *rc::gen::inRange<std::int64_t>(0, 60);
    const auto rest = *rc::gen::inRange<std::int64_t>(1, 300);
    const PairedCounts counts{b, c, b + c + rest};
    const double bound = tango_lower(counts);
    RC_ASSERT(-1 <= bound && bound <= counts.delta());
    RC_ASSERT(bound < tango_lower({b + 1, c, counts.items}));
}

RC_GTEST_PROP(McNemar, BothDirectionsShareTheTie, ()) {
    const auto b = *rc::gen::inRange<std::int64_t>(0, 60);
    const auto c = *rc::gen::inRange<std::int64_t>(0, 60);
    const PairedCounts counts{b, c, b + c};
    const double sum = mcnemar_better(counts) + mcnemar_better(counts.swapped());
    RC_ASSERT(1 <= sum + 1e-12 && sum <= 2 + 1e-12);
}

}  // namespace
}  // namespace flywheel::stats
