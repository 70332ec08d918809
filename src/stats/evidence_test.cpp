// SPDX-License-Identifier: Apache-2.0
// Vectors: monitoring, sections 3.1 to 3.3.
#include "stats/evidence.h"

#include <array>
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/rng.h"

namespace flywheel::stats {
namespace {

TEST(Evidence, CalibratorAgreesWithTheSpecification) {
    struct Row {
        double p, e;
    };

    for (const auto& row :
         {Row{0.5, 0.6387},
          Row{0.1, 1.263},
          Row{0.05, 1.783},
          Row{0.01, 4.451},
          Row{1e-3, 20.79},
          Row{1e-4, 117.8},
          Row{1e-6, 5239},
          Row{1e-8, 294706}}) {
        SCOPED_TRACE(row.p);
        EXPECT_NEAR(e_from_p(row.p) / row.e, 1, 5e-4);
    }
    EXPECT_EQ(e_from_p(1), 0.5);
    EXPECT_EQ(e_from_p(0), e_from_p(1e-12));
}

TEST(Evidence, CalibratorIsContinuousNearOne) {
    for (const double p : {1 - 1e-3, 1 - 1.01e-4, 1 - 0.99e-4, 1 - 1e-6, 1 - 1e-8}) {
        SCOPED_TRACE(p);
        EXPECT_NEAR(e_from_p(p), 0.5 + (1 - p) / 6, 1e-6);
    }
}

TEST(Evidence, CalibratorHasMeanAtMostOneUnderNoChange) {
    constexpr int kCells = 2'000'000;
    double sum = 0;
    for (int i = 0; i < kCells; ++i) {
        sum += e_from_p((i + 0.5) / kCells);
    }
    EXPECT_LE(sum / kCells, 1);
    EXPECT_GE(sum / kCells, 0.9);
}

TEST(Evidence, ChainAgreesWithTheBudgetExample) {
    EvidenceChain chain;
    chain.add(5239, 1.0 / 24);
    EXPECT_NEAR(chain.m, 218, 0.5);
    chain.add(5239, 1.0 / 24);
    EXPECT_NEAR(chain.m, 1.14e6, 0.01e6);
}

TEST(Evidence, OnsetFallsToOneAndRises) {
    EvidenceChain chain;
    chain.add(0.5, 1);
    EXPECT_LE(chain.onset, 1);
    chain.add(4, 1);
    EXPECT_EQ(chain.onset, 4);
    chain.add(0.1, 1);
    EXPECT_LE(chain.onset, 1);
}

TEST(Evidence, FalseAlarmsComeAtMostOnceInTheBudget) {
    Rng rng(3);
    constexpr double kBudget = 60;
    constexpr int kDays = 200'000;
    int alarms = 0;
    EvidenceChain first;
    EvidenceChain second;
    for (int day = 0; day < kDays; ++day) {
        // Fully dependent chains: the promise needs no independence.
        const double p = rng.uniform();
        first.add(e_from_p(p), 1);
        second.add(e_from_p(p), 1);
        if ((first.m + second.m) / 2 >= kBudget) {
            ++alarms;
            first = {};
            second = {};
        }
    }
    EXPECT_GT(alarms, 0);
    EXPECT_LE(alarms, kDays / kBudget);
}

TEST(ErrorEvidence, AgreesWithTheSpecification) {
    ErrorEvidence evidence(0.2);
    const std::array<double, 4> bits = {1, 1, 0, 1};
    const std::array<double, 4> means = {2.3, 8.65333, 4.81833, 13.86800};
    const std::array<double, 4> member = {1.8, 5.04, 4.832, 10.4976};
    for (std::size_t i = 0; i < bits.size(); ++i) {
        evidence.add(bits[i], 1);
        EXPECT_NEAR(evidence.mean(), means[i], 5e-6);
        EXPECT_NEAR(evidence.member(2), member[i], 1e-12);
    }
}

TEST(ErrorEvidence, KeepsTheBoundOnBernoulliRows) {
    for (const double p : {0.05, 0.2, 0.4}) {
        SCOPED_TRACE(p);
        Rng rng(17);
        constexpr int kRows = 200'000;
        constexpr double kBudget = 1000;
        ErrorEvidence evidence(p);
        int alarms = 0;
        for (int i = 0; i < kRows; ++i) {
            evidence.add(rng.uniform() < p ? 1 : 0, 1);
            if (evidence.mean() >= kBudget) {
                ++alarms;
                evidence = ErrorEvidence(p);
            }
        }
        EXPECT_LE(alarms, kRows / kBudget);
    }
}

TEST(ErrorEvidence, FindsARiseOfFifteenPoints) {
    for (const double p : {0.05, 0.2, 0.4}) {
        SCOPED_TRACE(p);
        Rng rng(23);
        ErrorEvidence evidence(p);
        int rows = 0;
        while (evidence.mean() < 1e4 && rows < 2000) {
            evidence.add(rng.uniform() < p + 0.15 ? 1 : 0, 1);
            ++rows;
        }
        EXPECT_LT(rows, 700);
    }
}

TEST(EBenjaminiHochberg, NamesTheLargestThatPassTheBar) {
    // C = 4, alpha = .1: bars 40, 20, 13.3, 10.
    EXPECT_THAT(
        e_benjamini_hochberg(std::array<double, 4>{1, 50, 0.2, 19}), testing::ElementsAre(1)
    );
    EXPECT_THAT(
        e_benjamini_hochberg(std::array<double, 4>{14, 30, 0.2, 30}), testing::ElementsAre(1, 3, 0)
    );
    EXPECT_THAT(e_benjamini_hochberg(std::array<double, 2>{5, 5}), testing::IsEmpty());
    EXPECT_THAT(e_benjamini_hochberg({}), testing::IsEmpty());
}

RC_GTEST_PROP(Evidence, CalibratorFallsAsPRises, ()) {
    const double p = *rc::gen::inRange(1, 100'000) / 100'001.0;
    const double q = *rc::gen::inRange(1, 100'000) / 100'001.0;
    RC_ASSERT((p <= q) == (e_from_p(p) >= e_from_p(q)));
}

}  // namespace
}  // namespace flywheel::stats
