// SPDX-License-Identifier: Apache-2.0
#include "rooms/labeling/gold_pass.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rooms/labeling/label_desk.h"
#include "rooms/labeling/labeling.h"

namespace flywheel::labeling {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Plan gold_plan(double share) {
    Plan plan = LabelDesk::one_pass();
    plan.gold_share = share;
    return plan;
}

class GoldTest : public ::testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(desk_.room.define_schema("news", {"politics", "sports"})); }

    Receipt set_gold(const std::string& text, const std::string& label) {
        const auto receipt = desk_.room.decide(
            {.model = "news",
             .item = sha256(text),
             .actor = "boss",
             .action = LabelAction::GoldSet,
             .label = label}
        );
        CHECK(receipt.has_value());
        return *receipt;
    }

    LabelEvent answer(
        const Id<LabelTask>& task, const std::string& actor, const std::string& label
    ) {
        const auto receipt =
            desk_.room.answer({.task_id = task.text(), .actor = actor, .label = label});
        CHECK(receipt.has_value());
        return Reader<LabelEvent>(*desk_.ledger).get(receipt->event).value();
    }

    /// Gold texts among the first `count` tasks; each is answered.
    std::vector<std::string> golds_for(const std::string& actor, int count) {
        std::vector<std::string> texts;
        for (int i = 0; i < count; ++i) {
            const auto questions = desk_.room.next("news", actor, 1).value();
            if (questions.empty()) {
                break;
            }
            const bool gold = questions[0].payload.starts_with("gold");
            if (gold) {
                texts.push_back(questions[0].payload);
            }
            EXPECT_EQ(answer(questions[0].task.id, actor, "sports").gold, gold);
        }
        return texts;
    }

    LabelDesk desk_{sqlite::open_in_memory().value(), gold_plan(.25)};
};

TEST_F(GoldTest, StatesTheLabelOfAnItem) {
    const auto a = desk_.task("a", 1, 0, true);
    answer(a, "kim", "politics");
    answer(a, "lee", "politics");
    const auto receipt = set_gold("a", "sports");
    auto label = desk_.fold().label(sha256("a"));
    EXPECT_EQ(label->label, 1);
    EXPECT_TRUE(label->decided);
    EXPECT_TRUE(label->gold);
    EXPECT_EQ(label->answers, 2);
    EXPECT_EQ(label->agreeing, 0);
    EXPECT_TRUE(label->holdout);
    ASSERT_TRUE(desk_.room.answer(
        {.actor = "boss", .action = LabelAction::Undo, .target = receipt.event.text()}
    ));
    label = desk_.fold().label(sha256("a"));
    EXPECT_EQ(label->label, 0);
    EXPECT_FALSE(label->decided);
    EXPECT_EQ(desk_.room.verify_chain().value(), desk_.events());
}

TEST_F(GoldTest, ClosesAnOpenTask) {
    desk_.task("a", 1, 0);
    set_gold("a", "sports");
    EXPECT_EQ(desk_.room.progress("news", {})->answered, 1);
}

TEST_F(GoldTest, AsksEachPersonOnceAmongOpenTasks) {
    for (int i = 0; i < 5; ++i) {
        desk_.task("gold " + std::to_string(i), 1, i);
        set_gold("gold " + std::to_string(i), "politics");
    }
    for (int i = 0; i < 100; ++i) {
        desk_.task("open " + std::to_string(i), 2, i);
    }
    const auto kim = golds_for("kim", 12);
    EXPECT_GE(kim.size(), 2U);
    EXPECT_LE(kim.size(), 4U);
    const auto lee = golds_for("lee", 40);
    EXPECT_EQ(std::set<std::string>(lee.begin(), lee.end()).size(), 5U);
    EXPECT_EQ(lee.size(), 5U);
    EXPECT_EQ(desk_.room.progress("news", desk_.turn(1))->open, 0);
    EXPECT_EQ(
        desk_.room.progress("news", desk_.turn(2))->answered, 47 - static_cast<int>(kim.size())
    );
    EXPECT_TRUE(golds_for("boss", 20).empty());  // who knows the answer
}

TEST_F(GoldTest, AsksNobodyForItsOwnSakeWhenNothingIsOpen) {
    for (int i = 0; i < 5; ++i) {
        desk_.task("gold " + std::to_string(i), 1, i);
        set_gold("gold " + std::to_string(i), "politics");
    }
    for (int i = 0; i < 10; ++i) {
        EXPECT_TRUE(desk_.room.next("news", "kim", 20)->empty());
    }
}

TEST_F(GoldTest, AnswersNeverVoteAndAreMeasured) {
    const auto a = desk_.task("a", 1, 0);
    const auto b = desk_.task("b", 1, 1);
    const auto a_gold = set_gold("a", "sports");
    set_gold("b", "sports");
    answer(a, "kim", "sports");
    answer(b, "kim", "politics");
    answer(b, "lee", "politics");
    EXPECT_EQ(desk_.fold().label(sha256("b"))->answers, 0);
    auto agreement = desk_.room.agreement("news").value();
    EXPECT_EQ(agreement.shared, 0);
    ASSERT_EQ(agreement.annotators.size(), 2U);
    EXPECT_EQ(agreement.annotators[0].actor, "kim");
    EXPECT_EQ(agreement.annotators[0].gold.trials, 2);
    EXPECT_EQ(agreement.annotators[0].gold.successes, 1);
    EXPECT_EQ(agreement.annotators[1].gold.trials, 1);
    EXPECT_EQ(agreement.annotators[1].gold.successes, 0);
    ASSERT_TRUE(desk_.room.answer(
        {.actor = "boss", .action = LabelAction::Undo, .target = a_gold.event.text()}
    ));
    EXPECT_EQ(desk_.room.agreement("news")->annotators[0].gold.trials, 1);
    EXPECT_FALSE(desk_.fold().label(sha256("a")));  // nobody's vote is left
    EXPECT_EQ(desk_.room.answers_since("news", 0).value(), 0);
}

TEST_F(GoldTest, AnUndoneAnswerIsAskedAgain) {
    desk_.task("gold", 1, 0);
    set_gold("gold", "politics");
    for (int i = 0; i < 30; ++i) {
        desk_.task("open " + std::to_string(i), 2, i);
    }
    while (golds_for("kim", 1).empty()) {
    }
    ASSERT_TRUE(desk_.room.answer({.actor = "kim", .action = LabelAction::Undo}));
    const auto questions = desk_.room.next("news", "kim", 5).value();
    EXPECT_TRUE(std::ranges::any_of(questions, [](const Question& one) {
        return one.payload == "gold";
    }));
}

TEST_F(GoldTest, IsAskedAfterARestartButNotTwice) {
    desk_.task("gold", 1, 0);
    set_gold("gold", "politics");
    for (int i = 0; i < 40; ++i) {
        desk_.task("open " + std::to_string(i), 2, i);
    }
    EXPECT_EQ(golds_for("kim", 10).size(), 1U);
    const auto another = desk_.another_room();
    std::set<std::string> texts;
    for (int i = 0; i < 10; ++i) {
        for (const auto* actor : {"kim", "lee"}) {
            const auto questions = another->next("news", actor, 1 + i).value();
            for (const auto& one : questions) {
                texts.insert(std::string(actor) + " " + one.payload);
            }
        }
    }
    EXPECT_TRUE(texts.contains("lee gold"));
    EXPECT_FALSE(texts.contains("kim gold"));
}

TEST_F(GoldTest, IsNotAskedWhoAnsweredBefore) {
    const auto gold = desk_.task("gold", 1, 0);
    answer(gold, "kim", "sports");
    set_gold("gold", "politics");
    for (int i = 0; i < 40; ++i) {
        desk_.task("open " + std::to_string(i), 2, i);
    }
    EXPECT_TRUE(golds_for("kim", 30).empty());
}

TEST_F(GoldTest, ADecisionIsTakenOnceAndNamesWhatIsWrong) {
    desk_.task("a", 1, 0);
    Decision decision{
        .event_id = desk_.event_id(),
        .model = "news",
        .item = sha256("a"),
        .actor = "boss",
        .label = "sports",
        .comment = "see the guideline"
    };
    const auto once = desk_.room.decide(decision).value();
    EXPECT_FALSE(once.repeated);
    EXPECT_TRUE(desk_.room.decide(decision)->repeated);
    decision.label = "politics";
    EXPECT_EQ(desk_.room.decide(decision).error().code, Code::Conflict);
    decision.event_id.clear();
    decision.label = "chess";
    EXPECT_THAT(desk_.room.decide(decision).error().message, HasSubstr("field 'label'"));
    decision.label = "sports";
    decision.item = sha256("unknown");
    EXPECT_EQ(desk_.room.decide(decision).error().code, Code::NotFound);
    decision.actor = "";
    EXPECT_THAT(desk_.room.decide(decision).error().message, HasSubstr("field 'actor'"));
    EXPECT_EQ(desk_.events(), 1);
}

}  // namespace
}  // namespace flywheel::labeling
