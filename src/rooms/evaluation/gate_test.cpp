// SPDX-License-Identifier: Apache-2.0
#include "rooms/evaluation/gate.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json_value.h"
#include "base/rng.h"

namespace flywheel::evaluation {
namespace {

using ::testing::HasSubstr;

const std::vector<std::string> kGateLabels = {"economy", "sports"};

struct Outcomes {
    std::int64_t both = 0;
    std::int64_t only_challenger = 0;
    std::int64_t only_champion = 0;
    std::int64_t none = 0;
};

void add(std::vector<PairedAnswer>& answers, std::int64_t label, const Outcomes& outcomes) {
    const auto put = [&](std::int64_t count, bool challenger, bool champion) {
        for (std::int64_t i = 0; i < count; ++i) {
            answers.push_back(
                {label, challenger, champion, challenger ? 0.2 : 2.0, champion ? 0.2 : 2.0}
            );
        }
    };
    put(outcomes.both, true, true);
    put(outcomes.only_challenger, true, false);
    put(outcomes.only_champion, false, true);
    put(outcomes.none, false, false);
}

Evaluation judged(const std::vector<PairedAnswer>& answers, bool with_champion = true) {
    Evaluation evaluation;
    if (with_champion) {
        evaluation.champion = Id<ModelVersion>::derived(Time(), "champion");
    }
    apply_gate({.model = "news"}, answers, kGateLabels, evaluation);
    return evaluation;
}

Evaluation judged(const Outcomes& outcomes) {
    std::vector<PairedAnswer> answers;
    add(answers, 0, outcomes);
    return judged(answers);
}

TEST(Gate, PromotesTheFirstVersion) {
    std::vector<PairedAnswer> answers;
    add(answers, 0, {.only_challenger = 3, .none = 2});
    const Evaluation first = judged(answers, false);
    EXPECT_EQ(first.verdict, Verdict::Promote);
    EXPECT_THAT(first.reason, HasSubstr("3 of 5"));
    EXPECT_EQ(judged({}, false).verdict, Verdict::Promote);
}

TEST(Gate, VerdictsFollowTheTable) {
    struct Row {
        const char* name;
        Outcomes outcomes;
        Verdict verdict;
        const char* reason;
    };

    for (const auto& row : {
             Row{"too few", {8, 1, 0, 0}, Verdict::Undecided, "at least 10"},
             Row{"worse, p = .0312", {50, 0, 5, 5}, Verdict::Keep, "worse"},
             Row{"not proven worse, p = .0625", {50, 0, 4, 5}, Verdict::Undecided, "Neither"},
             Row{"better", {140, 20, 10, 30}, Verdict::Promote, "no worse"},
             Row{"equal and small", {40, 4, 4, 4}, Verdict::Undecided, "Neither"},
             Row{"no disagreement on many", {400, 0, 0, 100}, Verdict::Promote, "no worse"},
             Row{"no disagreement on few", {40, 0, 0, 10}, Verdict::Undecided, "Neither"},
         }) {
        SCOPED_TRACE(row.name);
        const Evaluation evaluation = judged(row.outcomes);
        EXPECT_EQ(evaluation.verdict, row.verdict) << evaluation.reason;
        EXPECT_THAT(evaluation.reason, HasSubstr(row.reason));
    }
}

TEST(Gate, StoresEveryNumber) {
    const Evaluation evaluation = judged(Outcomes{140, 20, 10, 30});
    EXPECT_EQ(evaluation.n, 200);
    EXPECT_EQ(evaluation.both_right, 140);
    EXPECT_EQ(evaluation.only_challenger, 20);
    EXPECT_EQ(evaluation.only_champion, 10);
    EXPECT_NEAR(evaluation.p_better, 0.049369, 1e-6);
    EXPECT_NEAR(evaluation.delta_lower, 0.00516, 1e-5);
    EXPECT_NEAR(evaluation.challenger_log_loss, (160 * 0.2 + 40 * 2.0) / 200, 1e-12);
    EXPECT_NEAR(evaluation.champion_log_loss, (150 * 0.2 + 50 * 2.0) / 200, 1e-12);
    const Json classes = parse_json(evaluation.per_class.text).value();
    EXPECT_EQ(classes[0]["label"], "economy");
    EXPECT_EQ(classes[0]["n"], 200);
    EXPECT_EQ(classes[0]["challenger"], 160);
    EXPECT_EQ(classes[0]["champion"], 150);
    EXPECT_EQ(classes[1]["n"], 0);
}

TEST(Gate, AClassThatIsHurtVetoes) {
    std::vector<PairedAnswer> answers;
    add(answers, 0, {.both = 300, .only_challenger = 30, .none = 20});
    add(answers, 1, {.both = 40, .only_champion = 8, .none = 10});
    const Evaluation evaluation = judged(answers);
    EXPECT_EQ(evaluation.verdict, Verdict::Keep);
    EXPECT_THAT(evaluation.reason, HasSubstr("'sports'"));
    // The same loss in a class of fewer than 50 items is no evidence.
    answers.resize(answers.size() - 10);
    EXPECT_EQ(judged(answers).verdict, Verdict::Promote);
}

TEST(Gate, AWorseLogLossTipsTheBalanceOfEquals) {
    std::vector<PairedAnswer> answers;
    add(answers, 0, {.both = 900, .only_challenger = 1, .only_champion = 1, .none = 98});
    EXPECT_EQ(judged(answers).verdict, Verdict::Promote);
    answers[0].challenger_loss = 3;
    EXPECT_EQ(judged(answers).verdict, Verdict::Undecided);
}

TEST(Gate, LetsFewChallengersThroughThatAreWorseByTwoPoints) {
    Rng rng(53);
    constexpr int kTrials = 400;
    int promoted = 0;
    for (int trial = 0; trial < kTrials; ++trial) {
        Outcomes outcomes;
        for (int i = 0; i < 400; ++i) {
            const double u = rng.uniform();
            outcomes.only_challenger += u < 0.05 ? 1 : 0;
            outcomes.only_champion += u >= 0.05 && u < 0.12 ? 1 : 0;
            outcomes.both += u >= 0.12 ? 1 : 0;
        }
        promoted += judged(outcomes).verdict == Verdict::Promote ? 1 : 0;
    }
    EXPECT_LE(promoted / static_cast<double>(kTrials), 0.05);
}

}  // namespace
}  // namespace flywheel::evaluation
