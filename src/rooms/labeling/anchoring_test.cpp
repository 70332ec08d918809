// SPDX-License-Identifier: Apache-2.0
#include "rooms/labeling/anchoring.h"

#include <string>

#include <gtest/gtest.h>

#include "base/hash.h"
#include "base/rng.h"
#include "rooms/labeling/label_desk.h"
#include "rooms/labeling/labeling.h"

namespace flywheel::labeling {
namespace {

class AnchoringTest : public ::testing::Test {
  protected:
    void take(LabelEvent event) {
        event.id = Id<LabelEvent>::random(Time(), rng_);
        event.seq = ++seq_;
        fold_.add(event);
        count_.add(event);
    }

    /// An answer with the suggestion 1, to an item whose truth is `truth`.
    void answer(SuggestionState state, std::int64_t choice, std::int64_t truth, int seconds = 4) {
        LabelEvent event;
        event.item = sha256(std::to_string(seq_));
        event.actor = "kim";
        event.choice = choice;
        event.suggestion = state;
        event.suggested = 1;
        event.t_shown = 1000;
        event.t_saved = 1000 + 1000 * seconds;
        take(event);
        event.action = LabelAction::Adjudicate;
        event.choice = truth;
        event.suggestion.reset();
        take(event);
    }

    [[nodiscard]] Anchoring report(double most = .05) const {
        return count_.report(fold_, 1, most);
    }

    Rng rng_{1};
    std::int64_t seq_ = 0;
    LabelFold fold_;
    AnchoringCount count_;
};

TEST_F(AnchoringTest, IsTheDifferenceOnItemsWhoseSuggestionWasWrong) {
    // The counts of Newcombe 1998, Table II, method 10: 56/70 - 48/80 has .0524 to .3339.
    for (int i = 0; i < 70; ++i) {
        answer(SuggestionState::Shown, i < 56 ? 1 : 0, 0, 2);
    }
    for (int i = 0; i < 80; ++i) {
        answer(SuggestionState::Hidden, i < 48 ? 1 : 0, 0, 6);
    }
    answer(SuggestionState::Shown, 1, 1);  // right: says nothing
    answer(SuggestionState::Off, 1, 0);
    const Anchoring found = report();
    EXPECT_EQ(found.visible.trials, 70);
    EXPECT_EQ(found.visible.successes, 56);
    EXPECT_EQ(found.hidden.trials, 80);
    EXPECT_EQ(found.hidden.successes, 48);
    EXPECT_NEAR(found.difference, .2, 1e-12);
    EXPECT_NEAR(found.interval.lower, .0524, 5e-5);
    EXPECT_NEAR(found.interval.upper, .3339, 5e-5);
    EXPECT_EQ(found.seconds_visible, 2);
    EXPECT_EQ(found.timed_visible, 71);
    EXPECT_EQ(found.seconds_hidden, 6);
    EXPECT_EQ(found.timed_hidden, 80);
    EXPECT_TRUE(found.exceeds());
    EXPECT_FALSE(report(.06).exceeds());
    EXPECT_FALSE(count_.report(fold_, 2, .05).known());
}

TEST_F(AnchoringTest, IsUnknownWithoutBothSides) {
    EXPECT_FALSE(report().known());
    answer(SuggestionState::Shown, 1, 0);
    EXPECT_FALSE(report().known());
    EXPECT_FALSE(report(-1).exceeds());
}

TEST_F(AnchoringTest, LeavesOutTimesThatNobodyBelieves) {
    answer(SuggestionState::Shown, 1, 0, 0);
    answer(SuggestionState::Shown, 1, 0, 3000);
    answer(SuggestionState::Shown, 1, 0, 3);
    EXPECT_EQ(report().timed_visible, 1);
    EXPECT_EQ(report().seconds_visible, 3);
}

TEST(AnchoredSuggestions, AreSwitchedOffForTheSchemaOnceTheyPullBeyondDoubt) {
    Plan plan = LabelDesk::one_pass();
    plan.suggest_after = 0;
    plan.hidden_share = .5;
    LabelDesk desk(sqlite::open_in_memory().value(), plan);
    ASSERT_TRUE(desk.room.define_schema("news", {"politics", "sports"}));
    for (int i = 0; i < 120; ++i) {
        desk.task(std::to_string(i), 1, i, false, 1);
    }
    int shown = 0;
    for (int i = 0; i < 100; ++i) {
        const auto question = desk.room.next("news", "kim", 1)->front();
        ASSERT_FALSE(question.anchored);
        const bool visible = question.suggestion == SuggestionState::Shown;
        shown += visible ? 1 : 0;
        const auto receipt = desk.room.answer(
            {.task_id = question.task.id.text(),
             .actor = "kim",
             .label = visible ? "sports" : "politics"}
        );
        const auto event = Reader<LabelEvent>(*desk.ledger).get(receipt->event).value();
        EXPECT_EQ(event.suggestion, question.suggestion);
        EXPECT_EQ(event.suggested, 1);
        EXPECT_TRUE(event.suggested_probability);
    }
    EXPECT_FALSE(desk.room.anchoring("news")->known());
    for (int i = 0; i < 100; ++i) {
        ASSERT_TRUE(desk.room.decide(
            {.model = "news",
             .item = sha256(std::to_string(i)),
             .actor = "boss",
             .label = "politics"}
        ));
    }
    const auto report = desk.room.anchoring("news").value();
    EXPECT_EQ(report.visible.successes, shown);
    EXPECT_EQ(report.hidden.successes, 0);
    EXPECT_TRUE(report.exceeds());
    const auto restarted = desk.another_room();
    for (Labeling* room : {&desk.room, restarted.get()}) {
        const auto question = room->next("news", "kim", 1)->front();
        EXPECT_EQ(question.suggestion, SuggestionState::Off);
        EXPECT_TRUE(question.anchored);
    }
    ASSERT_TRUE(desk.room.define_schema("news", {"politics", "sports", "economy"}));
    desk.clock.advance(std::chrono::hours(1));
    const auto question = desk.room.next("news", "kim", 1)->front();
    EXPECT_FALSE(question.anchored);
    EXPECT_NE(question.suggestion, SuggestionState::Off);
}

TEST(AnchoredSuggestions, WhatNobodyHandedOutIsNotKnownToHaveBeenSeen) {
    LabelDesk desk;
    ASSERT_TRUE(desk.room.define_schema("news", {"politics", "sports"}));
    const auto task = desk.task("a", 1, 0, false, 1);
    const auto receipt =
        desk.room.answer({.task_id = task.text(), .actor = "kim", .label = "sports"});
    const auto event = Reader<LabelEvent>(*desk.ledger).get(receipt->event).value();
    EXPECT_FALSE(event.suggestion);
    EXPECT_EQ(event.suggested, 1);
}

}  // namespace
}  // namespace flywheel::labeling
