// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/intake/capture_policy.h"

#include <cmath>

#include <gtest/gtest.h>

#include "base/rng.h"

namespace flywheel {
namespace {

Prediction row_with(float margin, std::int32_t status = 200) {
    Prediction row;
    row.status = status;
    row.model = "news";
    row.scores = {0.5F + margin / 2, 0.5F - margin / 2};
    row.confidence = row.scores[0];
    row.margin = margin;
    return row;
}

/// Rows of which one in ten is unsure and one in a hundred failed.
std::vector<Prediction> traffic(int rows, std::uint64_t seed) {
    Rng rng(seed);
    std::vector<Prediction> all;
    for (int i = 0; i < rows; ++i) {
        all.push_back(row_with(static_cast<float>(rng.uniform())));
        all.back().id = Id<Prediction>::random(Time(Duration(i)), rng);
        all.back().us_total = static_cast<std::int32_t>(rng.below(1000));
        if (rng.below(100) == 0) {
            all.back().status = 503;
            all.back().scores.clear();
        }
    }
    return all;
}

const std::vector<CaptureRule> kHeadAndTail = {
    {"head", "", 0.05},
    {"errors", "status >= 500", 1.0},
    {"unsure", "margin < 0.1", 0.5},
    {"slow", "us_total > 900 and margin < 0.5", 0.2},
};

TEST(CapturePolicy, KeepsEverythingUnlessItIsToldOtherwise) {
    const CapturePolicy policy;
    EXPECT_EQ(policy.rules(), std::vector<std::string>{"default"});
    for (const Prediction& row : traffic(100, 1)) {
        const auto verdict = policy.judge(row, 1, false);
        EXPECT_TRUE(verdict.kept);
        EXPECT_EQ(verdict.probability, 1);
    }
    EXPECT_TRUE(CapturePolicy::make({}, 3)->judge(row_with(0), 1, false).kept);
}

TEST(CapturePolicy, TakesTheGreatestKeepOfTheRulesThatMatchTimesTheFactor) {
    const auto policy = CapturePolicy::make(kHeadAndTail, 7).value();

    struct Row {
        Prediction row;
        double probability;
        const char* rule;
    };

    Prediction slow = row_with(0.3F);
    slow.us_total = 950;
    Prediction failed = row_with(0.05F, 503);
    failed.scores.clear();
    for (const auto& [row, probability, rule] :
         {Row{row_with(0.9F), 0.05, "head"},
          Row{row_with(0.05F), 0.5, "unsure"},
          Row{slow, 0.2, "slow"},
          Row{failed, 1.0, "errors"}}) {
        SCOPED_TRACE(rule);
        for (const double factor : {1.0, 0.1}) {
            const auto verdict = policy.judge(row, factor, false);
            EXPECT_DOUBLE_EQ(verdict.probability, probability * factor);
            EXPECT_EQ(policy.rules()[verdict.rule], rule);
        }
    }
}

/// 100 seeds, 2,000 rows each: the mean of the estimated totals lies within 4 standard errors of
/// the truth, the errors of single estimates have the variance that Horvitz and Thompson give, and
/// 95 % intervals made of it hold the truth 95 % of the time (binomial, 4 standard errors).
TEST(CapturePolicy, LetsTotalsBeEstimatedWithoutBias) {
    constexpr int kSeeds = 100;
    constexpr int kRows = 2000;
    for (const double factor : {1.0, 0.1}) {
        SCOPED_TRACE(factor);
        double errors = 0;
        double variance = 0;
        int covered = 0;
        for (int seed = 0; seed < kSeeds; ++seed) {
            const auto policy =
                CapturePolicy::make(kHeadAndTail, static_cast<std::uint64_t>(seed)).value();
            double truth = 0;
            double estimate = 0;
            double spread = 0;
            for (const Prediction& row : traffic(kRows, 1000U + static_cast<unsigned>(seed))) {
                const auto verdict = policy.judge(row, factor, false);
                const double p = verdict.probability;
                truth += row.us_total;
                estimate += verdict.kept ? row.us_total / p : 0;
                spread += (1 - p) / p * row.us_total * row.us_total;
            }
            errors += estimate - truth;
            variance += spread;
            covered += std::abs(estimate - truth) <= 1.96 * std::sqrt(spread) ? 1 : 0;
        }
        EXPECT_LE(std::abs(errors), 4 * std::sqrt(variance));
        const double expected = 0.95 * kSeeds;
        EXPECT_NEAR(covered, expected, 4 * std::sqrt(expected * 0.05));
    }
}

TEST(CapturePolicy, DecidesAlikeWheneverSeedAndIdAreAlike) {
    const auto rows = traffic(2000, 5);
    const auto decide = [&](std::uint64_t seed) {
        const auto policy = CapturePolicy::make({{"some", "", 0.5}}, seed).value();
        std::vector<bool> kept;
        for (const Prediction& row : rows) {
            kept.push_back(policy.judge(row, 1, false).kept);
        }
        return kept;
    };
    EXPECT_EQ(decide(3), decide(3));
    EXPECT_NE(decide(3), decide(4));
}

TEST(CapturePolicy, KeepsAtALowerLevelWhatItKeepsAtAHigher) {
    const auto policy = CapturePolicy::make(kHeadAndTail, 9).value();
    for (const Prediction& row : traffic(5000, 6)) {
        EXPECT_LE(policy.judge(row, 0.1, false).kept, policy.judge(row, 1, false).kept);
    }
}

TEST(CapturePolicy, ThinsIndependentlyOfSampling) {
    const auto policy = CapturePolicy::make({{"some", "", 0.25}}, 2).value();
    int kept = 0;
    int with_payload = 0;
    constexpr int kRows = 40'000;
    for (const Prediction& row : traffic(kRows, 8)) {
        if (policy.judge(row, 1, false).kept) {
            ++kept;
            with_payload += policy.keeps_payload(row.id) ? 1 : 0;
        }
    }
    EXPECT_NEAR(kept, kRows * 0.25, 4 * std::sqrt(kRows * 0.25 * 0.75));
    EXPECT_NEAR(with_payload, kept * 0.25, 4 * std::sqrt(kept * 0.25 * 0.75));
}

TEST(CapturePolicy, KnowsEveryFieldARuleMayNameAndNothingElse) {
    for (const char* when :
         {"status >= 500",
          "confidence < 0.5",
          "margin<0.1 and entropy>1.2",
          "us_total > 50000",
          "route == canary",
          "route != 'shadow'",
          "model == 'my model' and label == 3",
          "agree == false",
          "incident == true",
          ""}) {
        EXPECT_TRUE(CapturePolicy::make({{"rest", "", 0.1}, {"it", when, 1}}, 0)) << when;
    }
    for (const char* when :
         {"colour == red",
          "status = 500",
          "status > five",
          "status >",
          "status > 500 or margin < 1",
          "status > 500 and",
          "route > canary",
          "route == nowhere",
          "agree == maybe",
          "agree < true",
          "margin < inf",
          "margin 0.1"}) {
        const auto refused = CapturePolicy::make({{"rest", "", 0.1}, {"it", when, 1}}, 0);
        ASSERT_FALSE(refused) << when;
        EXPECT_EQ(refused.error().message.find("capture rule 'it'"), 0U) << refused.error().message;
    }
    EXPECT_FALSE(CapturePolicy::make({{"a", "", 1.5}}, 0));
    EXPECT_FALSE(CapturePolicy::make({{"a", "", -0.1}}, 0));
    EXPECT_FALSE(CapturePolicy::make({{"a", "", 1}, {"a", "", 1}}, 0));
    EXPECT_FALSE(CapturePolicy::make({{"", "", 1}}, 0));
}

TEST(CapturePolicy, IsRefusedWhenARowCouldMatchNoRuleThatKeeps) {
    using Rules = std::vector<CaptureRule>;
    for (const Rules& rules :
         {Rules{{"errors", "status >= 500", 1}},
          Rules{{"none", "", 0}},
          Rules{{"low", "status < 400", 1}, {"high", "status > 400", 1}},
          Rules{{"low", "margin < 0.5", 1}, {"high", "margin >= 0.5", 1}},  // rows without scores
          Rules{{"a", "agree == true", 1}, {"b", "agree == false", 1}},     // rows without a shadow
          Rules{{"a", "route == stable", 1}, {"b", "route == canary", 1}},
          Rules{{"a", "model == x", 1}},
          Rules{{"a", "status < 400", 1}, {"b", "status >= 400 and route != pinned", 1}}}) {
        EXPECT_FALSE(CapturePolicy::make(rules, 0)) << rules[0].name;
    }
    for (const Rules& rules :
         {Rules{{"low", "status < 400", 0.1}, {"high", "status >= 400", 1}},
          Rules{{"low", "status <= 399", 0.1}, {"high", "status > 399", 1}},
          Rules{{"a", "incident == true", 1}, {"b", "incident == false", 0.1}},
          Rules{{"a", "model == x", 1}, {"b", "model != x", 0.1}},
          Rules{
              {"failed", "status != 200", 1},
              {"low", "status == 200 and us_total < 100", 0.1},
              {"high", "us_total >= 100", 1}
          }}) {
        EXPECT_TRUE(CapturePolicy::make(rules, 0)) << rules[0].name;
    }
}

}  // namespace
}  // namespace flywheel
