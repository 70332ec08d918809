// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/truth/row_truth.h"

#include <map>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "ports/columns/sample_rows.h"

namespace flywheel {
namespace {

using testing::sample_day;

Time at(int minute) {
    return sample_day(10) + std::chrono::minutes(minute);
}

Prediction served_row() {
    Rng rng(1);
    Prediction row = testing::sample_prediction(sample_day(1), rng);
    row.id.uuid = row.id.uuid.with_row(2);
    row.request_id = "order 7";
    return row;
}

Feedback said(int minute, FeedbackKind kind, FeedbackSource source, const std::string& label = "") {
    Feedback feedback;
    feedback.model = "news";
    feedback.target = "order 7";
    feedback.row = 2;
    feedback.kind = kind;
    feedback.source = source;
    feedback.label = label;
    feedback.arrived = at(minute);
    return feedback;
}

Feedback correct(int minute, FeedbackSource source, bool value) {
    Feedback feedback = said(minute, FeedbackKind::Correct, source);
    feedback.value = value ? 1 : 0;
    return feedback;
}

std::optional<RowTruth> truth(
    const std::vector<Feedback>& feedback, int minute, std::span<const LabelledTruth> labelled = {}
) {
    const Prediction row = served_row();
    return RowTruths(feedback).truth_as_of({row, "served", labelled}, at(minute));
}

constexpr auto kLabel = FeedbackKind::Label;
constexpr auto kRetract = FeedbackKind::Retract;
constexpr auto kAnnotator = FeedbackSource::Annotator;
constexpr auto kUser = FeedbackSource::User;
constexpr auto kSystem = FeedbackSource::System;

TEST(RowTruth, FollowsThePrecedenceOfSources) {
    const std::vector<Feedback> feedback = {
        correct(1, kUser, true),
        said(2, kLabel, kSystem, "by system"),
        said(3, kLabel, kUser, "by user"),
        said(4, kLabel, kAnnotator, "by annotator"),
    };
    const std::vector<LabelledTruth> labelled = {
        {TruthSource::Consensus, "consensus", at(5)}, {TruthSource::Adjudicated, "judged", at(6)}
    };
    const char* const expected[] = {
        "", "served", "by system", "by user", "by annotator", "consensus", "judged"
    };
    for (int minute = 0; minute < 7; ++minute) {
        SCOPED_TRACE(minute);
        const auto found = truth(feedback, minute, labelled);
        EXPECT_EQ(found ? found->label : "", expected[minute]);
        EXPECT_EQ(found ? found->conflicting : -1, minute - 1) << "all others say otherwise";
    }
}

TEST(RowTruth, TakesTheLastWordOfASourceAndItsRetraction) {
    const std::vector<Feedback> feedback = {
        said(1, kLabel, kUser, "a"),
        said(2, kLabel, kUser, "b"),
        said(2, kLabel, kUser, "c"),
        said(4, kRetract, kUser),
        said(5, kLabel, kUser, "d"),
    };
    EXPECT_EQ(truth(feedback, 1)->label, "a");
    EXPECT_EQ(truth(feedback, 3)->label, "c") << "of one moment the later in the journal";
    EXPECT_FALSE(truth(feedback, 4));
    EXPECT_EQ(truth(feedback, 9)->label, "d");
    EXPECT_EQ(truth(feedback, 9)->conflicting, 0) << "a source does not conflict with itself";
}

TEST(RowTruth, ARetractionLeavesOtherSourcesAlone) {
    const std::vector<Feedback> feedback = {
        said(1, kLabel, kSystem, "s"), said(2, kLabel, kUser, "u"), said(3, kRetract, kUser)
    };
    EXPECT_EQ(truth(feedback, 2)->label, "u");
    EXPECT_EQ(truth(feedback, 3)->label, "s");
}

TEST(RowTruth, CorrectFalseAndScoresMakeNoLabel) {
    Feedback score = said(1, FeedbackKind::Score, kUser);
    score.value = 1;
    EXPECT_FALSE(truth({score, correct(2, kUser, false)}, 9));
    const auto denied = truth({correct(1, kUser, false), said(2, kLabel, kSystem, "served")}, 9);
    EXPECT_EQ(denied->label, "served");
    EXPECT_EQ(denied->conflicting, 1);
    const auto other = truth({correct(1, kUser, false), said(2, kLabel, kSystem, "x")}, 9);
    EXPECT_EQ(other->conflicting, 0);
    const auto agreed = truth({correct(1, kUser, true), said(2, kLabel, kSystem, "served")}, 9);
    EXPECT_EQ(agreed->agreeing, 1);
}

TEST(RowTruth, IsAboutTheRowThatWasMeant) {
    Feedback other_row = said(1, kLabel, kUser, "x");
    other_row.row = 1;
    Feedback other_model = said(1, kLabel, kUser, "x");
    other_model.model = "other";
    Feedback other_request = said(1, kLabel, kUser, "x");
    other_request.target = "order 8";
    EXPECT_FALSE(truth({other_row, other_model, other_request}, 9));
    Feedback by_id = said(1, kLabel, kUser, "by id");
    by_id.target = served_row().id.text();
    by_id.row = 0;
    EXPECT_EQ(truth({by_id}, 9)->label, "by id");
    Feedback by_base = said(1, kLabel, kUser, "by base");
    by_base.target = served_row().id.uuid.with_row(0).text();
    EXPECT_EQ(truth({by_base}, 9)->label, "by base");
    Feedback neighbour = by_id;
    neighbour.target = served_row().id.uuid.with_row(3).text();
    EXPECT_FALSE(truth({neighbour}, 9));
}

TEST(RowTruth, OfConsensusTheLastCountsUnlessItIsTakenBack) {
    const std::vector<LabelledTruth> labelled = {
        {TruthSource::Consensus, "a", at(1)},
        {TruthSource::Consensus, "b", at(3)},
        {TruthSource::Consensus, "", at(5)},
    };
    EXPECT_EQ(truth({}, 2, labelled)->label, "a");
    EXPECT_EQ(truth({}, 3, labelled)->label, "b");
    EXPECT_FALSE(truth({}, 5, labelled));
}

/// Any story of feedback about a few rows, arrivals rising, some at the same moment.
std::vector<Feedback> story(Rng& rng, std::size_t length) {
    std::vector<Feedback> all;
    int minute = 0;
    for (std::size_t i = 0; i < length; ++i) {
        minute += static_cast<int>(rng.below(2));
        all.push_back(said(
            minute,
            static_cast<FeedbackKind>(rng.below(4)),
            static_cast<FeedbackSource>(rng.below(3)),
            std::string(1, static_cast<char>('a' + rng.below(3)))
        ));
        all.back().value = static_cast<double>(rng.below(2));
        all.back().row = static_cast<std::int64_t>(1 + rng.below(2));
        all.back().at = at(static_cast<int>(rng.below(100)));  // said in another order
    }
    return all;
}

bool same_truth(const std::optional<RowTruth>& a, const std::optional<RowTruth>& b) {
    return a.has_value() == b.has_value() &&
           (!a || (a->label == b->label && a->source == b->source && a->arrived == b->arrived &&
                   a->agreeing == b->agreeing && a->conflicting == b->conflicting));
}

RC_GTEST_PROP(RowTruth, KnowsNothingThatArrivedLater, (std::uint64_t seed)) {
    Rng rng(seed);
    const auto all = story(rng, rng.below(30));
    const int cut = static_cast<int>(rng.below(20));
    std::vector<Feedback> arrived;
    for (const Feedback& one : all) {
        if (one.arrived <= at(cut)) {
            arrived.push_back(one);
        }
    }
    RC_ASSERT(same_truth(truth(all, cut), truth(arrived, cut)));
    RC_ASSERT(same_truth(truth(arrived, cut), truth(arrived, 1000)));
}

RC_GTEST_PROP(RowTruth, DecidesAlikeWhenItIsSaidAgain, (std::uint64_t seed)) {
    Rng rng(seed);
    const auto all = story(rng, rng.below(30));
    std::vector<Feedback> stuttered;
    for (const Feedback& one : all) {
        stuttered.insert(stuttered.end(), 1 + rng.below(2), one);
    }
    RC_ASSERT(same_truth(truth(all, 1000), truth(stuttered, 1000)));
}

/// A model that is plain enough to be right: play the story, keep the last word of each.
RC_GTEST_PROP(RowTruth, IsWhatAPlainReplaySays, (std::uint64_t seed)) {
    Rng rng(seed);
    const auto all = story(rng, rng.below(40));
    std::map<FeedbackSource, std::string> labels;
    std::map<FeedbackSource, bool> confirmed;
    for (const Feedback& one : all) {
        if (one.row != 2) {
            continue;
        }
        if (one.kind == FeedbackKind::Label) {
            labels[one.source] = one.label;
        } else if (one.kind == FeedbackKind::Correct) {
            confirmed[one.source] = one.value != 0;
        } else if (one.kind == FeedbackKind::Retract) {
            labels.erase(one.source);
            confirmed.erase(one.source);
        }
    }
    std::optional<std::string> expected;
    if (!labels.empty()) {
        expected = labels.begin()->second;  // sources stand in the order of their strength
    }
    for (const auto& [source, yes] : confirmed) {
        if (!expected && yes) {
            expected = "served";
        }
    }
    const auto found = truth(all, 1000);
    RC_ASSERT((found ? std::optional(found->label) : std::nullopt) == expected);
}

}  // namespace
}  // namespace flywheel
