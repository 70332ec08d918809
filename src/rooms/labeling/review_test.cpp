// SPDX-License-Identifier: Apache-2.0
#include "rooms/labeling/review.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "rooms/labeling/label_desk.h"
#include "rooms/labeling/labeling.h"

namespace flywheel::labeling {
namespace {

using ::testing::ElementsAre;

class ReviewTest : public ::testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(desk_.room.define_schema("news", {"politics", "sports", "economy"}));
    }

    /// One answer for each label, by as many people.
    void item(
        const std::string& text, std::int64_t suggested, const std::vector<std::string>& labels
    ) {
        const auto task = desk_.task(text, 1, 0, false, suggested);
        for (std::size_t i = 0; i < labels.size(); ++i) {
            ASSERT_TRUE(desk_.room.answer(
                {.task_id = task.text(), .actor = "person " + std::to_string(i), .label = labels[i]}
            ));
        }
    }

    Review review(bool decided = false) {
        return desk_.room.review({.model = "news", .decided = decided}).value();
    }

    std::vector<std::string> texts(bool decided = false) {
        std::vector<std::string> found;
        for (const auto& one : review(decided).items) {
            found.push_back(one.payload);
        }
        return found;
    }

    Receipt decide(const std::string& text, const std::string& label, const char* comment = "") {
        return desk_.room
            .decide(
                {.model = "news",
                 .item = sha256(text),
                 .actor = "boss",
                 .label = label,
                 .comment = comment}
            )
            .value();
    }

    LabelDesk desk_;
};

TEST_F(ReviewTest, ListsWhatPeopleDifferOnWorstFirst) {
    item("same", 0, {"politics", "politics"});
    item("one", 0, {"politics"});
    item("most", 0, {"sports", "politics", "sports"});
    item("half, model against", 1, {"politics", "sports"});  // the majority: politics, said first
    item("half, model for", 0, {"politics", "sports"});
    item("all differ", 0, {"politics", "sports", "economy"});
    const auto waiting = review();
    EXPECT_EQ(waiting.waiting, 4);
    EXPECT_EQ(waiting.decided, 0);
    EXPECT_EQ(texts().front(), "all differ");
    EXPECT_EQ(texts().back(), "most");
    const auto& most = waiting.items.back();
    EXPECT_EQ(most.majority, 1);
    EXPECT_DOUBLE_EQ(most.agreement, 2. / 3);
    ASSERT_EQ(most.answers.size(), 3U);
    EXPECT_EQ(most.answers[0].choice, 0);  // by label, which tells nothing of who was first
    EXPECT_EQ(desk_.room.review({.model = "news", .limit = 2})->items.size(), 2U);
}

TEST_F(ReviewTest, SaysWhichLabelIsLikeliestByAllAnswersAndTheModel) {
    for (int i = 0; i < 40; ++i) {
        const std::string label = i % 2 == 0 ? "politics" : "sports";
        item("plain " + std::to_string(i), i % 2, {label, label, i % 4 == 0 ? "economy" : label});
    }
    const auto task = desk_.task("by a good and the odd one", 1, 0, false, 2);
    for (const auto& [who, label] : {std::pair("person 2", "economy"), {"person 0", "sports"}}) {
        ASSERT_TRUE(desk_.room.answer({.task_id = task.text(), .actor = who, .label = label}));
    }
    const auto waiting = review();
    ASSERT_EQ(waiting.items.size(), 11U);
    const auto& worst = waiting.items.front();
    EXPECT_EQ(worst.payload, "by a good and the odd one");
    for (std::size_t i = 1; i < waiting.items.size(); ++i) {
        EXPECT_EQ(waiting.items[i].likeliest, 0);
        EXPECT_GT(waiting.items[i].quality.value(), .5);
        EXPECT_GT(waiting.items[i].quality.value(), worst.quality.value());
    }
    const auto agreement = desk_.room.agreement("news").value();
    std::map<std::string, double> score;
    for (const auto& person : agreement.annotators) {
        score[person.actor] = person.score.value();
    }
    EXPECT_GT(score["person 0"], score["person 2"] + .05);
    EXPECT_GT(score["person 1"], score["person 2"] + .05);
}

TEST(Review, OrdersByQualityThenAgreementThenTheModel) {
    std::vector<ReviewItem> items(4);
    for (std::size_t i = 0; i < items.size(); ++i) {
        items[i].payload = std::to_string(i);
        items[i].agreement = .5;
        items[i].majority = 0;
        items[i].suggested = 0;
    }
    items[0].suggested_probability = .9;
    items[1].suggested_probability = .4;
    items[2].suggested = 1;
    items[2].suggested_probability = .4;  // leaves .3 to each of the others
    items[3].suggested_probability = 1;
    items[3].quality = .1;
    sort_for_review(items, 3);
    std::vector<std::string> order;
    for (const auto& one : items) {
        order.push_back(one.payload);
    }
    EXPECT_THAT(order, ElementsAre("3", "2", "1", "0"));
}

TEST_F(ReviewTest, ADecisionGoesBeforeTheMajorityUntilItIsUndone) {
    item("a", 0, {"politics", "sports", "sports"});
    const auto first = decide("a", "politics", "as the guideline says");
    EXPECT_EQ(desk_.fold().label(sha256("a"))->label, 0);
    EXPECT_EQ(desk_.fold().label(sha256("a"))->agreeing, 1);
    decide("a", "economy");
    EXPECT_EQ(desk_.fold().label(sha256("a"))->label, 2);
    EXPECT_TRUE(review().items.empty());
    auto decided = review(true);
    ASSERT_EQ(decided.items.size(), 1U);
    EXPECT_EQ(decided.decided, 1);
    EXPECT_EQ(decided.items[0].decided->choice, 2);
    const AnswerRequest undo{.actor = "boss", .action = LabelAction::Undo};
    ASSERT_TRUE(desk_.room.answer(undo));
    EXPECT_EQ(desk_.fold().label(sha256("a"))->label, 0);
    EXPECT_EQ(review(true).items[0].decided->event, first.event);
    EXPECT_EQ(review(true).items[0].decided->comment, "as the guideline says");
    ASSERT_TRUE(desk_.room.answer(undo));
    EXPECT_EQ(desk_.fold().label(sha256("a"))->label, 1);
    EXPECT_THAT(texts(), ElementsAre("a"));
    EXPECT_EQ(desk_.room.verify_chain().value(), desk_.events());
}

TEST_F(ReviewTest, IsOfLiveAnswersOnly) {
    item("a", 0, {"politics", "sports"});
    ASSERT_TRUE(desk_.room.answer({.actor = "person 1", .action = LabelAction::Undo}));
    EXPECT_TRUE(texts().empty());
    item("b", 0, {"politics", "sports"});
    item("b", 0, {"sports"});  // the first person thought better of it
    EXPECT_TRUE(texts().empty());
}

TEST_F(ReviewTest, OnlyItsActorUndoesADecision) {
    item("a", 0, {"politics", "sports"});
    const auto decision = decide("a", "sports");
    const auto refused = desk_.room.answer(
        {.actor = "kim", .action = LabelAction::Undo, .target = decision.event.text()}
    );
    EXPECT_EQ(refused.error().code, Code::InvalidArgument);
}

/// The newest live decision, else the majority; whatever was undone and redone.
RC_GTEST_PROP(Review, TheFoldFollowsTheNewestLiveDecision, ()) {
    LabelDesk desk;
    RC_ASSERT(desk.room.define_schema("news", {"politics", "sports"}).has_value());
    const auto task = desk.task("a", 1, 0);
    const int steps = *rc::gen::inRange(0, 20);
    for (int step = 0; step < steps; ++step) {
        const std::string label = *rc::gen::element("politics", "sports");
        const std::string actor = *rc::gen::element("kim", "lee");
        switch (*rc::gen::inRange(0, 3)) {
            case 0:
                static_cast<void>(
                    desk.room.answer({.task_id = task.text(), .actor = actor, .label = label})
                );
                break;
            case 1:
                static_cast<void>(desk.room.decide(
                    {.model = "news",
                     .item = sha256("a"),
                     .actor = actor,
                     .action = *rc::gen::element(LabelAction::Adjudicate, LabelAction::GoldSet),
                     .label = label}
                ));
                break;
            default:
                static_cast<void>(desk.room.answer({.actor = actor, .action = LabelAction::Undo}));
                break;
        }
    }
    const auto past = desk.room.history({.model = "news"}).value();  // newest first
    std::optional<std::int64_t> expected;
    for (const auto& one : past) {
        const bool decides =
            one.event.action == LabelAction::Adjudicate || one.event.action == LabelAction::GoldSet;
        if (decides && !one.undone && !expected) {
            expected = one.event.choice;
        }
    }
    const auto label = desk.fold().label(sha256("a"));
    RC_ASSERT((label && label->decided) == expected.has_value());
    RC_ASSERT((!expected || label->label == *expected)
    );  // in brackets: else both sides are evaluated
    RC_ASSERT(desk.fold().decided(sha256("a")) == expected);
    RC_ASSERT((desk.room.progress("news", {})->answered == 1) == label.has_value());
    RC_ASSERT(
        desk.room.progress("news", {})->contested == desk.room.review({.model = "news"})->waiting
    );
    RC_ASSERT(
        desk.another_room()->progress("news", {})->open == desk.room.progress("news", {})->open
    );
}

}  // namespace
}  // namespace flywheel::labeling
