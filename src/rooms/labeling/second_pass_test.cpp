// SPDX-License-Identifier: Apache-2.0
#include "rooms/labeling/second_pass.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "rooms/labeling/label_desk.h"
#include "rooms/labeling/labeling.h"

namespace flywheel::labeling {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

Plan second_plan(double share) {
    Plan plan = LabelDesk::one_pass();
    plan.second_share = share;
    return plan;
}

std::vector<std::string> texts_for(LabelDesk& desk, const std::string& actor, int count = 50) {
    std::vector<std::string> texts;
    const auto questions = desk.room.next("news", actor, count).value();
    for (const auto& question : questions) {
        texts.push_back(question.payload);
    }
    return texts;
}

class SecondPassTest : public ::testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(desk_.room.define_schema("news", {"politics", "sports"})); }

    LabelEvent answer(
        const Id<LabelTask>& task, const std::string& actor, const std::string& label = "sports"
    ) {
        const auto receipt =
            desk_.room.answer({.task_id = task.text(), .actor = actor, .label = label});
        CHECK(receipt.has_value());
        return Reader<LabelEvent>(*desk_.ledger).get(receipt->event).value();
    }

    void undo(const std::string& actor) {
        ASSERT_TRUE(desk_.room.answer({.actor = actor, .action = LabelAction::Undo}));
    }

    LabelDesk desk_{sqlite::open_in_memory().value(), second_plan(1)};
};

TEST_F(SecondPassTest, AsksAnotherPersonAndNeverTheFirst) {
    const auto a = desk_.task("a", 1, 0);
    const auto first = answer(a, "kim");
    EXPECT_FALSE(first.blind);
    EXPECT_FALSE(first.blind_probability);
    EXPECT_THAT(texts_for(desk_, "kim"), ElementsAre());
    const auto questions = desk_.room.next("news", "lee", 5).value();
    ASSERT_EQ(questions.size(), 1U);
    EXPECT_EQ(questions[0].task.id, a);
    EXPECT_EQ(questions[0].left, 1);
    const auto second = answer(a, "lee", "politics");
    EXPECT_TRUE(second.blind);
    EXPECT_EQ(second.blind_probability, 1);
    EXPECT_EQ(second.probability, 0.25);
    EXPECT_THAT(texts_for(desk_, "park"), ElementsAre());  // one second answer is enough
    const auto label = desk_.fold().label(sha256("a"));
    EXPECT_EQ(label->answers, 2);
    EXPECT_EQ(label->label, 1);  // the first one's, as in every tie
    const Agreement agreement = desk_.room.agreement("news").value();
    EXPECT_EQ(agreement.blind.trials, 1);
    EXPECT_EQ(agreement.blind.successes, 0);
    EXPECT_EQ(desk_.room.verify_chain().value(), 2);
}

TEST_F(SecondPassTest, KeepsNoTurnOpen) {
    const auto a = desk_.task("a", 1, 0);
    answer(a, "kim");
    const auto progress = desk_.room.progress("news", desk_.turn(1)).value();
    EXPECT_EQ(progress.tasks, 1);
    EXPECT_EQ(progress.answered, 1);
    EXPECT_EQ(progress.open, 0);
    ASSERT_EQ(texts_for(desk_, "lee").size(), 1U);
    EXPECT_EQ(desk_.room.progress("news", {})->open, 0);
}

TEST_F(SecondPassTest, LendsAnItemToOnePersonUntilTheLeaseEnds) {
    answer(desk_.task("a", 1, 0), "kim");
    answer(desk_.task("b", 1, 1), "park");
    EXPECT_THAT(texts_for(desk_, "kim"), ElementsAre("b"));
    EXPECT_THAT(texts_for(desk_, "lee"), ElementsAre("a"));
    EXPECT_THAT(texts_for(desk_, "choi"), ElementsAre());
    desk_.clock.advance(std::chrono::minutes(10));
    EXPECT_THAT(texts_for(desk_, "lee"), ElementsAre("a"));  // renewed
    desk_.clock.advance(std::chrono::minutes(10));
    EXPECT_THAT(texts_for(desk_, "choi"), ElementsAre("b"));
}

TEST_F(SecondPassTest, AnAnswerAfterTheLeaseIsABlindOneStill) {
    const auto a = desk_.task("a", 1, 0);
    answer(a, "kim");
    ASSERT_EQ(texts_for(desk_, "lee").size(), 1U);
    desk_.clock.advance(std::chrono::hours(1));
    ASSERT_EQ(texts_for(desk_, "park").size(), 1U);
    EXPECT_TRUE(answer(a, "lee").blind);
    EXPECT_FALSE(answer(a, "park").blind);  // a third one that chance brought
}

TEST_F(SecondPassTest, AnOpinionThatNobodyAskedForIsNotBlind) {
    const auto a = desk_.task("a", 1, 0);
    answer(a, "kim");
    EXPECT_FALSE(answer(a, "lee").blind);
    EXPECT_THAT(texts_for(desk_, "park"), ElementsAre());
    EXPECT_EQ(desk_.room.agreement("news")->pairs.trials, 1);
    EXPECT_EQ(desk_.room.agreement("news")->blind.trials, 0);
}

TEST_F(SecondPassTest, UndoOfTheFirstAnswerCancelsIt) {
    answer(desk_.task("a", 1, 0), "kim");
    ASSERT_EQ(texts_for(desk_, "lee").size(), 1U);
    undo("kim");
    EXPECT_THAT(texts_for(desk_, "lee"), ElementsAre());
    EXPECT_THAT(texts_for(desk_, "kim"), ElementsAre("a"));  // as a first one again
    EXPECT_EQ(desk_.room.progress("news", {})->open, 1);
}

TEST_F(SecondPassTest, UndoOfTheSecondAnswerAsksItsPersonAgain) {
    const auto a = desk_.task("a", 1, 0);
    answer(a, "kim");
    ASSERT_EQ(texts_for(desk_, "lee").size(), 1U);
    answer(a, "lee");
    undo("lee");
    EXPECT_THAT(texts_for(desk_, "park"), ElementsAre());
    EXPECT_THAT(texts_for(desk_, "lee"), ElementsAre("a"));
    EXPECT_TRUE(answer(a, "lee").blind);
}

TEST_F(SecondPassTest, IsNotForWhatWasSkippedOrDecided) {
    const auto a = desk_.task("a", 1, 0);
    answer(a, "kim");
    ASSERT_EQ(texts_for(desk_, "lee").size(), 1U);
    ASSERT_TRUE(desk_.room.answer(
        {.task_id = a.text(), .actor = "lee", .action = LabelAction::Skip, .reason = "unclear"}
    ));
    EXPECT_THAT(texts_for(desk_, "park"), ElementsAre());
    answer(desk_.task("b", 1, 1), "kim");
    ASSERT_TRUE(desk_.room.decide(
        {.model = "news", .item = sha256("b"), .actor = "boss", .label = "sports"}
    ));
    EXPECT_THAT(texts_for(desk_, "park"), ElementsAre());
}

TEST_F(SecondPassTest, SurvivesARestart) {
    answer(desk_.task("a", 1, 0), "kim");
    const auto another = desk_.another_room();
    EXPECT_TRUE(another->next("news", "kim", 5)->empty());
    EXPECT_EQ(another->next("news", "lee", 5)->size(), 1U);
}

TEST_F(SecondPassTest, IsMixedWithOpenTasks) {
    for (int i = 0; i < 40; ++i) {
        answer(desk_.task("first " + std::to_string(i), 1, i), "kim");
    }
    for (int i = 0; i < 300; ++i) {
        desk_.task("open " + std::to_string(i), 2, i);
    }
    const auto questions = desk_.room.next("news", "lee", 20).value();
    ASSERT_EQ(questions.size(), 20U);
    EXPECT_TRUE(std::ranges::all_of(questions, [](const Question& one) { return one.left == 340; })
    );
}

TEST(SecondPass, DrawsItsShareByTheTaskAndSpreadsItOverTheOpenOnes) {
    LabelDesk desk(sqlite::open_in_memory().value(), second_plan(.1));
    ASSERT_TRUE(desk.room.define_schema("news", {"politics", "sports"}));
    for (int i = 0; i < 1000; ++i) {
        const auto task = desk.task("first " + std::to_string(i), 1, i);
        ASSERT_TRUE(desk.room.answer({.task_id = task.text(), .actor = "kim", .label = "sports"}));
    }
    for (int i = 0; i < 1000; ++i) {
        desk.task("open " + std::to_string(i), 2, i);
    }
    // 1000 draws with .1: 99.99 % lie within 100 +- 37.
    const auto drawn = desk.room.next("news", "park", 1)->front().left - 1000;
    EXPECT_GT(drawn, 63);
    EXPECT_LT(drawn, 137);
    EXPECT_EQ(desk.room.next("news", "kim", 1)->front().left, 1000);
    int seconds = 0;
    for (int i = 0; i < 50; ++i) {
        const auto questions = desk.room.next("news", "lee", 10).value();
        for (const auto& question : questions) {
            const bool second = question.payload.starts_with("first");
            seconds += second ? 1 : 0;
            const auto receipt = desk.room.answer(
                {.task_id = question.task.id.text(), .actor = "lee", .label = "sports"}
            );
            ASSERT_TRUE(receipt);
            const auto event = Reader<LabelEvent>(*desk.ledger).get(receipt->event).value();
            EXPECT_EQ(event.blind, second);
            EXPECT_EQ(event.blind_probability, second ? std::optional(.1) : std::nullopt);
        }
    }
    EXPECT_GE(seconds, 45);
    EXPECT_LE(seconds, 51);
}

/// Whatever people do, and after a restart in the middle of it: nobody is asked about an item
/// twice, nor while it has two answers, and turns see nothing of it.
RC_GTEST_PROP(SecondPass, AsksNobodyAboutHisOwnAnswersWhateverHappens, ()) {
    LabelDesk desk(sqlite::open_in_memory().value(), second_plan(1));
    RC_ASSERT(desk.room.define_schema("news", {"politics", "sports"}).has_value());
    const std::vector<std::string> actors = {"kim", "lee", "park"};
    for (int i = 0; i < 4; ++i) {
        desk.task(std::to_string(i), 1, i);
    }
    std::unique_ptr<Labeling> restarted;
    const int steps = *rc::gen::inRange(0, 25);
    for (int step = 0; step < steps; ++step) {
        Labeling& room = restarted ? *restarted : desk.room;
        const std::string actor = *rc::gen::elementOf(actors);
        const auto open = room.progress("news", {})->open;
        const auto questions = room.next("news", actor, *rc::gen::inRange(1, 5)).value();
        RC_ASSERT(room.progress("news", {})->open == open);
        std::map<Digest, std::set<std::string>> said;
        const auto past = room.history({.model = "news", .action = LabelAction::Answer}).value();
        for (const auto& one : past) {
            if (!one.undone) {
                said[one.event.item].insert(one.event.actor);
            }
        }
        for (const auto& question : questions) {
            RC_ASSERT(!said[question.task.item].contains(actor));
            RC_ASSERT(said[question.task.item].size() < 2U);
        }
        const int what = *rc::gen::inRange(0, 6);
        if (what == 0) {
            static_cast<void>(room.answer({.actor = actor, .action = LabelAction::Undo}));
        } else if (what == 1) {
            restarted = desk.another_room();
        } else if (what == 2) {
            desk.clock.advance(std::chrono::minutes(20));
        } else if (!questions.empty()) {
            const bool second = !said[questions.back().task.item].empty();
            const auto receipt = room.answer(
                {.task_id = questions.back().task.id.text(), .actor = actor, .label = "sports"}
            );
            RC_ASSERT(receipt.has_value());
            const auto event = Reader<LabelEvent>(*desk.ledger).get(receipt->event).value();
            RC_ASSERT(event.blind == second);
        }
    }
    RC_ASSERT(desk.room.verify_chain().value() == desk.events());
}

}  // namespace
}  // namespace flywheel::labeling
