// SPDX-License-Identifier: Apache-2.0
#include "rooms/labeling/labeling.h"

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/rng.h"
#include "ports/ledger/sqlite/sqlite_ledger.h"
#include "records/label_fold.h"
#include "rooms/labeling/label_desk.h"

namespace flywheel::labeling {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class LabelingTest : public ::testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(desk_.room.define_schema("news", {"politics", "sports"})); }

    LabelDesk desk_;
};

std::vector<std::string> payloads(const Result<std::vector<Question>>& questions) {
    std::vector<std::string> texts;
    for (const auto& question : questions.value()) {
        texts.push_back(question.payload);
    }
    return texts;
}

TEST_F(LabelingTest, AsksInOrderOfTurnAndRank) {
    desk_.task("b", 1, 1);
    desk_.task("a", 1, 0);
    desk_.task("c", 2, 0);
    const auto questions = desk_.room.next("news", "kim", 10);
    EXPECT_THAT(payloads(questions), ElementsAre("a", "b", "c"));
    EXPECT_EQ(questions->front().left, 3);
    EXPECT_THAT(questions->front().labels, ElementsAre("politics", "sports"));
}

TEST_F(LabelingTest, LendsATaskToOnePersonUntilTheLeaseEnds) {
    desk_.task("a", 1, 0);
    desk_.task("b", 1, 1);
    EXPECT_THAT(payloads(desk_.room.next("news", "kim", 1)), ElementsAre("a"));
    EXPECT_THAT(payloads(desk_.room.next("news", "lee", 5)), ElementsAre("b"));
    EXPECT_THAT(payloads(desk_.room.next("news", "park", 5)), ElementsAre());
    EXPECT_THAT(payloads(desk_.room.next("news", "kim", 5)), ElementsAre("a"));
    desk_.clock.advance(std::chrono::minutes(15));
    EXPECT_THAT(payloads(desk_.room.next("news", "park", 5)), ElementsAre("a", "b"));
}

TEST_F(LabelingTest, AskingAgainRenewsTheLease) {
    desk_.task("a", 1, 0);
    desk_.room.next("news", "kim", 1).value();
    desk_.clock.advance(std::chrono::minutes(10));
    desk_.room.next("news", "kim", 1).value();
    desk_.clock.advance(std::chrono::minutes(10));
    EXPECT_THAT(payloads(desk_.room.next("news", "lee", 1)), ElementsAre());
}

TEST_F(LabelingTest, AsksOnePersonAboutAnItemAtATime) {
    desk_.task("a", 1, 0);
    desk_.task("a", 1, 1);
    EXPECT_THAT(payloads(desk_.room.next("news", "kim", 5)), ElementsAre("a"));
    EXPECT_THAT(payloads(desk_.room.next("news", "lee", 5)), ElementsAre());
}

TEST_F(LabelingTest, ProgressTellsTheAudits) {
    const auto first = desk_.task("one", 1, 0);
    const auto second = desk_.task("two", 1, 1);
    desk_.task("three", 2, 0);
    ASSERT_TRUE(desk_.room.answer({.task_id = first.text(), .actor = "kim", .label = "sports"}));
    ASSERT_TRUE(desk_.room.answer(
        {.task_id = second.text(), .actor = "kim", .action = LabelAction::Skip, .reason = "unclear"}
    ));
    const auto all = desk_.room.progress("news", std::nullopt).value();
    EXPECT_EQ(all.audits, 2) << "one is skipped";
    EXPECT_EQ(all.audits_open, 1);
    const auto of_turn = desk_.room.progress("news", LabelDesk::turn(1)).value();
    EXPECT_EQ(of_turn.audits, 1);
    EXPECT_EQ(of_turn.audits_open, 0);
}

TEST_F(LabelingTest, AnAnswerClosesEveryTaskOfItsItem) {
    const auto first = desk_.task("a", 1, 0);
    desk_.task("a", 1, 1);
    desk_.task("b", 1, 2);
    const auto receipt =
        desk_.room.answer({.task_id = first.text(), .actor = "kim", .label = "sports"});
    ASSERT_TRUE(receipt);
    EXPECT_EQ(receipt->seq, 1);
    EXPECT_FALSE(receipt->repeated);
    EXPECT_THAT(payloads(desk_.room.next("news", "kim", 5)), ElementsAre("b"));
    const auto progress = desk_.room.progress("news", {});
    EXPECT_EQ(progress->tasks, 3);
    EXPECT_EQ(progress->answered, 2);
    EXPECT_EQ(progress->open, 1);
    EXPECT_EQ(desk_.room.progress("news", desk_.turn(2))->tasks, 0);
}

TEST_F(LabelingTest, CopiesWhatTheTaskSaysIntoTheEvent) {
    const auto task = desk_.task("a", 1, 0, true);
    const auto receipt = desk_.room.answer(
        {.task_id = task.text(), .actor = "kim", .label = "sports", .t_shown = 5, .t_saved = 9}
    );
    const auto event = Reader<LabelEvent>(*desk_.ledger).get(receipt->event).value();
    EXPECT_EQ(event.choice, 1);
    EXPECT_EQ(event.arm, Arm::Audit);
    EXPECT_EQ(event.probability, 0.25);
    EXPECT_TRUE(event.holdout);
    EXPECT_EQ(event.schema_version, 1);
    EXPECT_EQ(event.t_shown, 5);
    EXPECT_EQ(event.t_saved, 9);
    EXPECT_EQ(event.received, desk_.clock.now());
}

TEST_F(LabelingTest, TheSameEventAgainGivesTheFirstReceipt) {
    const auto task = desk_.task("a", 1, 0);
    AnswerRequest request{
        .event_id = desk_.event_id(), .task_id = task.text(), .actor = "kim", .label = "sports"
    };
    const auto once = desk_.room.answer(request);
    desk_.clock.advance(std::chrono::hours(1));
    const auto twice = desk_.room.answer(request);
    ASSERT_TRUE(twice);
    EXPECT_TRUE(twice->repeated);
    EXPECT_EQ(twice->seq, once->seq);
    request.label = "politics";
    const auto other = desk_.room.answer(request);
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, Code::Conflict);
    EXPECT_EQ(desk_.events(), 1);
}

TEST_F(LabelingTest, KeepsASecondOpinion) {
    const auto task = desk_.task("a", 1, 0);
    ASSERT_TRUE(desk_.room.answer({.task_id = task.text(), .actor = "kim", .label = "sports"}));
    ASSERT_TRUE(desk_.room.answer({.task_id = task.text(), .actor = "lee", .label = "politics"}));
    EXPECT_EQ(desk_.fold().label(sha256("a"))->answers, 2);
}

TEST_F(LabelingTest, UndoReopensTheTaskAndRedoClosesIt) {
    const auto task = desk_.task("a", 1, 0);
    ASSERT_TRUE(desk_.room.answer({.task_id = task.text(), .actor = "kim", .label = "sports"}));
    const auto undo = desk_.room.answer({.actor = "kim", .action = LabelAction::Undo});
    ASSERT_TRUE(undo);
    EXPECT_EQ(desk_.room.progress("news", {})->open, 1);
    EXPECT_THAT(payloads(desk_.room.next("news", "lee", 1)), ElementsAre());
    desk_.clock.advance(std::chrono::minutes(15));
    EXPECT_THAT(payloads(desk_.room.next("news", "lee", 1)), ElementsAre("a"));
    const auto redo = desk_.room.answer(
        {.actor = "kim", .action = LabelAction::Undo, .target = undo->event.text()}
    );
    ASSERT_TRUE(redo);
    EXPECT_EQ(desk_.room.progress("news", {})->answered, 1);
}

TEST_F(LabelingTest, WhatAnUndoOpensIsLeasedToItsPersonAgain) {
    const auto a = desk_.task("a", 1, 0);
    desk_.task("b", 1, 1);
    const AnswerRequest undo{.actor = "kim", .action = LabelAction::Undo};
    for (const auto action : {LabelAction::Answer, LabelAction::Skip}) {
        SCOPED_TRACE(enum_name(action));
        ASSERT_TRUE(desk_.room.answer(
            {.task_id = a.text(), .actor = "kim", .action = action, .label = "sports"}
        ));
        ASSERT_TRUE(desk_.room.answer(undo));
        EXPECT_THAT(payloads(desk_.room.next("news", "lee", 5)), ElementsAre("b"));
        EXPECT_THAT(payloads(desk_.room.next("news", "kim", 5)), ElementsAre("a"));
    }
    ASSERT_TRUE(desk_.room.answer({.task_id = a.text(), .actor = "kim", .label = "sports"}));
    ASSERT_TRUE(desk_.room.answer({.task_id = a.text(), .actor = "lee", .label = "sports"}));
    ASSERT_TRUE(desk_.room.answer(undo));
    // The other answer stays, so there is nothing to ask.
    EXPECT_THAT(payloads(desk_.room.next("news", "kim", 5)), ElementsAre());
}

TEST_F(LabelingTest, UndoWalksBackThroughOnesOwnEventsOnly) {
    const auto a = desk_.task("a", 1, 0);
    const auto b = desk_.task("b", 1, 1);
    ASSERT_TRUE(desk_.room.answer({.task_id = a.text(), .actor = "kim", .label = "sports"}));
    ASSERT_TRUE(desk_.room.answer({.task_id = b.text(), .actor = "lee", .label = "sports"}));
    const AnswerRequest undo{.actor = "kim", .action = LabelAction::Undo};
    ASSERT_TRUE(desk_.room.answer(undo));
    EXPECT_FALSE(desk_.fold().label(sha256("a")));
    EXPECT_TRUE(desk_.fold().label(sha256("b")));
    const auto nothing = desk_.room.answer(undo);
    ASSERT_FALSE(nothing);
    EXPECT_EQ(nothing.error().code, Code::NotFound);
}

TEST_F(LabelingTest, RefusesToUndoWhatIsNotOnesOwnOrUndoneAlready) {
    const auto a = desk_.task("a", 1, 0);
    const auto event = desk_.room.answer({.task_id = a.text(), .actor = "kim", .label = "sports"});
    AnswerRequest undo{.actor = "lee", .action = LabelAction::Undo, .target = event->event.text()};
    EXPECT_EQ(desk_.room.answer(undo).error().code, Code::InvalidArgument);
    undo.actor = "kim";
    ASSERT_TRUE(desk_.room.answer(undo));
    EXPECT_EQ(desk_.room.answer(undo).error().code, Code::Conflict);
    EXPECT_EQ(desk_.events(), 2);
}

TEST_F(LabelingTest, ARetriedUndoOfTheNewestIsTheSameUndo) {
    const auto a = desk_.task("a", 1, 0);
    ASSERT_TRUE(desk_.room.answer({.task_id = a.text(), .actor = "kim", .label = "sports"}));
    const AnswerRequest undo{
        .event_id = desk_.event_id(), .actor = "kim", .action = LabelAction::Undo
    };
    ASSERT_TRUE(desk_.room.answer(undo));
    const auto again = desk_.room.answer(undo);
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->repeated);
    EXPECT_EQ(desk_.events(), 2);
}

TEST_F(LabelingTest, ASkippedTaskIsNotAskedAgain) {
    const auto a = desk_.task("a", 1, 0);
    ASSERT_TRUE(desk_.room.answer(
        {.task_id = a.text(), .actor = "kim", .action = LabelAction::Skip, .reason = "unclear"}
    ));
    EXPECT_EQ(desk_.room.progress("news", {})->skipped, 1);
    EXPECT_THAT(payloads(desk_.room.next("news", "lee", 1)), ElementsAre());
    ASSERT_TRUE(desk_.room.answer({.task_id = a.text(), .actor = "lee", .label = "sports"}));
    EXPECT_EQ(desk_.room.progress("news", {})->answered, 1);
}

TEST_F(LabelingTest, AFlagLeavesTheTaskOpen) {
    const auto a = desk_.task("a", 1, 0);
    ASSERT_TRUE(desk_.room.answer(
        {.task_id = a.text(), .actor = "kim", .action = LabelAction::Flag, .reason = "typo in text"}
    ));
    EXPECT_EQ(desk_.room.progress("news", {})->open, 1);
}

TEST_F(LabelingTest, ShowsSuggestionsOnceAuditsHaveShownHowGoodTheyAre) {
    constexpr int kTasks = 100;
    for (int i = 0; i < 2 * kTasks; ++i) {
        desk_.task("text " + std::to_string(i), 1, i, false, i % 2);
    }
    const auto before = desk_.room.next("news", "kim", kTasks).value();
    ASSERT_EQ(before.size(), 100U);
    for (const auto& question : before) {
        EXPECT_EQ(question.suggestion, SuggestionState::Off);
        ASSERT_TRUE(desk_.room.answer(
            {.task_id = question.task.id.text(), .actor = "kim", .label = "sports"}
        ));
    }
    const auto after = desk_.room.next("news", "kim", kTasks).value();
    const auto again = desk_.room.next("news", "kim", kTasks).value();
    const auto hidden = std::ranges::count(after, SuggestionState::Hidden, &Question::suggestion);
    EXPECT_GT(hidden, 5);
    EXPECT_LT(hidden, 40);
    for (std::size_t i = 0; i < after.size(); ++i) {
        EXPECT_NE(after[i].suggestion, SuggestionState::Off);
        EXPECT_EQ(after[i].suggestion, again[i].suggestion);
    }
    desk_.task("without", 2, 0);
    const auto all = desk_.room.next("news", "lee", 2 * kTasks).value();
    const auto without = std::ranges::find(all, "without", &Question::payload);
    ASSERT_NE(without, all.end());
    EXPECT_EQ(without->suggestion, SuggestionState::None);
}

TEST_F(LabelingTest, TellsWhatWasSaidNewestFirst) {
    const auto a = desk_.task("a", 1, 0);
    const auto b = desk_.task("b", 1, 1);
    ASSERT_TRUE(desk_.room.answer({.task_id = a.text(), .actor = "kim", .label = "sports"}));
    ASSERT_TRUE(desk_.room.answer({.task_id = b.text(), .actor = "lee", .label = "sports"}));
    ASSERT_TRUE(desk_.room.answer({.actor = "kim", .action = LabelAction::Undo}));
    const auto all = desk_.room.history({.model = "news"}).value();
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[0].event.action, LabelAction::Undo);
    EXPECT_FALSE(all[0].undone);
    EXPECT_TRUE(all[2].undone);
    EXPECT_EQ(all[2].payload, "a");
    EXPECT_EQ(desk_.room.history({.model = "news", .actor = "lee"})->size(), 1U);
    EXPECT_EQ(desk_.room.history({.model = "news", .item = sha256("a")})->size(), 2U);
    EXPECT_EQ(desk_.room.history({.model = "news", .action = LabelAction::Undo})->size(), 1U);
    EXPECT_EQ(
        desk_.room.history({.model = "news", .before_seq = 3, .limit = 1})->front().event.seq, 2
    );
    EXPECT_EQ(desk_.room.agreement("news")->items, 1);
}

TEST_F(LabelingTest, ARemarkIsAFlagOutsideOfAnyTask) {
    desk_.task("a", 1, 0);
    const auto receipt = desk_.room.remark("news", sha256("a"), "kim", "both, really");
    ASSERT_TRUE(receipt) << receipt.error().message;
    const auto past = desk_.room.history({.model = "news"}).value();
    ASSERT_EQ(past.size(), 1U);
    EXPECT_EQ(past[0].event.action, LabelAction::Flag);
    EXPECT_EQ(past[0].event.reason, "both, really");
    EXPECT_FALSE(past[0].event.task);
    EXPECT_EQ(desk_.room.progress("news", {})->open, 1);
    EXPECT_EQ(desk_.room.verify_chain().value(), 1);
    EXPECT_EQ(desk_.room.remark("news", sha256("b"), "kim", "x").error().code, Code::NotFound);
    EXPECT_EQ(
        desk_.room.remark("news", sha256("a"), "kim", "").error().code, Code::InvalidArgument
    );
    EXPECT_EQ(desk_.room.remark("news", sha256("a"), "", "x").error().code, Code::InvalidArgument);
}

TEST_F(LabelingTest, NamesTheFieldThatIsWrong) {
    const auto task = desk_.task("a", 1, 0).text();

    struct Row {
        AnswerRequest request;
        Code code;
        std::string message;
    };

    const std::vector<Row> rows = {
        {{.task_id = task, .actor = "", .label = "sports"}, Code::InvalidArgument, "field 'actor'"},
        {{.task_id = task, .actor = std::string(129, 'k'), .label = "sports"},
         Code::InvalidArgument,
         "field 'actor': 1 to 128 bytes are needed: 129"},
        {{.task_id = task, .actor = "k\nm", .label = "sports"},
         Code::InvalidArgument,
         "control characters"},
        {{.task_id = task, .actor = "k\xC2\x85", .label = "sports"},
         Code::InvalidArgument,
         "control"},
        {{.task_id = task, .actor = "\xFF", .label = "sports"},
         Code::InvalidArgument,
         "not valid UTF-8"},
        {{.event_id = "7", .task_id = task, .actor = "kim", .label = "sports"},
         Code::InvalidArgument,
         "field 'event_id'"},
        {{.task_id = "7", .actor = "kim", .label = "sports"},
         Code::InvalidArgument,
         "field 'task_id'"},
        {{.task_id = desk_.event_id(), .actor = "kim", .label = "sports"},
         Code::NotFound,
         "label_task"},
        {{.task_id = task, .actor = "kim", .label = "sport"},
         Code::InvalidArgument,
         "field 'label': Unknown label; the schema has politics, sports: 'sport'"},
        {{.task_id = task, .actor = "kim", .label = "sports", .t_shown = -1},
         Code::InvalidArgument,
         "field 't_shown'"},
        {{.actor = "kim", .action = LabelAction::Undo, .target = desk_.event_id()},
         Code::NotFound,
         "field 'target'"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.message);
        const auto refused = desk_.room.answer(row.request);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, row.code);
        EXPECT_THAT(refused.error().message, HasSubstr(row.message));
    }
    EXPECT_EQ(desk_.events(), 0);
    EXPECT_EQ(desk_.room.next("news", "kim", 0).error().code, Code::InvalidArgument);
    EXPECT_EQ(desk_.room.next("other", "kim", 1).error().code, Code::NotFound);
}

TEST_F(LabelingTest, ASchemaOnlyGrowsAtItsEnd) {
    EXPECT_EQ(desk_.room.define_schema("news", {"politics", "sports"})->version, 1);
    const auto grown = desk_.room.define_schema("news", {"politics", "sports", "culture"});
    EXPECT_EQ(grown->version, 2);
    EXPECT_EQ(desk_.room.schema("news")->labels.size(), 3U);
    const auto moved = desk_.room.define_schema("news", {"sports", "politics", "culture"});
    EXPECT_EQ(moved.error().code, Code::Conflict);
    EXPECT_THAT(moved.error().message, HasSubstr("labels[0] is 'politics'"));
    EXPECT_EQ(
        desk_.room.define_schema("news", {"politics", "sports"}).error().code, Code::Conflict
    );
    EXPECT_EQ(desk_.room.define_schema("x", {"one"}).error().code, Code::InvalidArgument);
    EXPECT_EQ(desk_.room.define_schema("x", {"one", "one"}).error().code, Code::InvalidArgument);
    EXPECT_EQ(desk_.room.define_schema("x", {"one", ""}).error().code, Code::InvalidArgument);
}

TEST_F(LabelingTest, ImportsLabelsOnceAndNamesWhatItRefuses) {
    desk_.example("a");
    desk_.example("b");
    const std::vector<ImportedLabel> labels = {
        {sha256("a"), "sports", "import:x.csv"},
        {sha256("b"), "chess", "import:x.csv"},
        {sha256("c"), "sports", "import:x.csv"},
        {sha256("a"), "sports", "kim", ActorKind::Human},
        {sha256("a"), "politics", "import:x.csv"},
        {sha256("a"), "sports", "import:x.csv"},
    };
    const auto once = desk_.room.import_labels("news", sha256("file"), labels);
    ASSERT_TRUE(once);
    EXPECT_EQ(once->added, 2);
    EXPECT_EQ(once->repeated, 1);
    ASSERT_EQ(once->refused.size(), 3U);
    EXPECT_EQ(once->refused[0].first, 1U);
    EXPECT_THAT(once->refused[0].second, HasSubstr("politics, sports: 'chess'"));
    EXPECT_THAT(once->refused[1].second, HasSubstr("no such Example"));
    EXPECT_THAT(once->refused[2].second, HasSubstr("contradicts an earlier row"));
    desk_.clock.advance(std::chrono::hours(50));
    const auto twice = desk_.room.import_labels("news", sha256("file"), labels);
    EXPECT_EQ(twice->added, 0);
    EXPECT_EQ(twice->repeated, 3);
    EXPECT_EQ(desk_.room.verify_chain().value(), 2);
}

TEST_F(LabelingTest, AnImportedLabelOfAHoldOutItemStaysHoldOut) {
    desk_.task("a", 1, 0, true);
    desk_.example("b");
    ASSERT_TRUE(desk_.room.import_labels(
        "news", sha256("file"), {{sha256("a"), "sports", "f"}, {sha256("b"), "sports", "f"}}
    ));
    EXPECT_TRUE(desk_.fold().label(sha256("a"))->holdout);
    EXPECT_FALSE(desk_.fold().label(sha256("b"))->holdout);
}

TEST_F(LabelingTest, SeesWhatAnotherWriterAppended) {
    const auto a = desk_.task("a", 1, 0);
    ASSERT_EQ(desk_.room.progress("news", {})->open, 1);
    auto other = desk_.another_room();
    ASSERT_TRUE(other->answer({.task_id = a.text(), .actor = "lee", .label = "sports"}));
    EXPECT_EQ(desk_.room.progress("news", {})->open, 0);
    const auto b = desk_.task("b", 1, 1);
    EXPECT_EQ(desk_.room.answer({.task_id = b.text(), .actor = "kim", .label = "sports"})->seq, 2);
    EXPECT_EQ(desk_.room.verify_chain().value(), 2);
}

TEST_F(LabelingTest, SeesTasksAddedLateInAnOlderTurn) {
    desk_.task("a", 2, 0);
    EXPECT_THAT(payloads(desk_.room.next("news", "kim", 5)), ElementsAre("a"));
    desk_.task("b", 1, 0);
    EXPECT_EQ(desk_.room.progress("news", {})->open, 2);
    EXPECT_THAT(payloads(desk_.room.next("news", "lee", 5)), ElementsAre("b", "a"));
}

TEST_F(LabelingTest, ForgetsWhatARollbackAroundItUndid) {
    const auto a = desk_.task("a", 1, 0);
    {
        const auto outer = desk_.ledger->begin().value();
        desk_.task("b", 1, 1);
        ASSERT_TRUE(desk_.room.answer({.task_id = a.text(), .actor = "kim", .label = "sports"}));
        EXPECT_EQ(desk_.room.progress("news", {})->tasks, 2);
    }
    const auto progress = desk_.room.progress("news", {});
    EXPECT_EQ(progress->tasks, 1);
    EXPECT_EQ(progress->open, 1);
    EXPECT_EQ(desk_.room.answer({.task_id = a.text(), .actor = "kim", .label = "sports"})->seq, 1);
    EXPECT_EQ(desk_.room.verify_chain().value(), 1);
}

TEST_F(LabelingTest, GivesEachModelALogOfItsOwn) {
    const auto a = desk_.task("a", 1, 0);
    ASSERT_TRUE(desk_.room.define_schema("mail", {"spam", "ham"}));
    desk_.model = "mail";
    const auto b = desk_.task("b", 1, 0);
    EXPECT_EQ(desk_.room.answer({.task_id = a.text(), .actor = "kim", .label = "sports"})->seq, 1);
    EXPECT_EQ(desk_.room.answer({.task_id = b.text(), .actor = "kim", .label = "spam"})->seq, 1);
    EXPECT_EQ(desk_.room.verify_chain().value(), 2);
}

RC_GTEST_PROP(Labeling, ItsMemoryEqualsAFoldOfTheLogAfterAnySequence, ()) {
    LabelDesk desk;
    RC_ASSERT(desk.room.define_schema("news", {"politics", "sports"}).has_value());
    const std::vector<std::string> actors = {"kim", "lee"};
    std::vector<Id<LabelTask>> tasks;
    std::vector<std::string> items;
    for (int i = 0; i < 4; ++i) {
        items.push_back(std::to_string(i % 3));
        tasks.push_back(desk.task(items.back(), 1, i));
    }
    const int steps = *rc::gen::inRange(0, 20);
    for (int step = 0; step < steps; ++step) {
        AnswerRequest request;
        request.actor = *rc::gen::elementOf(actors);
        request.action = *rc::gen::element(
            LabelAction::Answer, LabelAction::Skip, LabelAction::Undo, LabelAction::Answer
        );
        request.label = *rc::gen::element("politics", "sports");
        if (request.action != LabelAction::Undo) {
            request.task_id = tasks[*rc::gen::inRange<std::size_t>(0, tasks.size())].text();
        }
        static_cast<void>(desk.room.answer(request));
    }
    const LabelFold fold = desk.fold();
    Progress expected;
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        const bool answered = fold.label(sha256(items[i])).has_value();
        bool skipped = false;
        for (std::size_t j = 0; j < tasks.size(); ++j) {
            skipped = skipped || (items[i] == items[j] && fold.skipped(tasks[j]));
        }
        ++expected.tasks;
        expected.answered += answered ? 1 : 0;
        expected.skipped += !answered && skipped ? 1 : 0;
        expected.open += !answered && !skipped ? 1 : 0;
    }
    for (const auto& progress :
         {desk.room.progress("news", {}), desk.another_room()->progress("news", {})}) {
        RC_ASSERT(progress->tasks == expected.tasks);
        RC_ASSERT(progress->answered == expected.answered);
        RC_ASSERT(progress->skipped == expected.skipped);
        RC_ASSERT(progress->open == expected.open);
    }
    RC_ASSERT(desk.room.verify_chain().value() == desk.events());
}

}  // namespace
}  // namespace flywheel::labeling
