// SPDX-License-Identifier: Apache-2.0
// Rows that may have several labels: their answers, imports, chain and agreement.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rooms/labeling/chain.h"
#include "rooms/labeling/label_desk.h"
#include "rooms/labeling/labeling.h"

namespace flywheel::labeling {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Names = std::vector<std::string>;

class ChoicesTest : public ::testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(desk_.room.define_schema("news", {"a", "b", "c"}, TaskKind::Choices));
    }

    Result<Receipt> say(const Id<LabelTask>& task, const std::string& actor, Names labels) {
        return desk_.room.answer(
            {.task_id = task.text(), .actor = actor, .labels = std::move(labels)}
        );
    }

    [[nodiscard]] std::string value_of(const std::string& item) const {
        const auto label = desk_.fold().label(sha256(item));
        return label ? label->value : "none";
    }

    LabelDesk desk_;
};

TEST_F(ChoicesTest, AnAnswerIsASetWhateverItsOrder) {
    const auto task = desk_.task("x", 1, 0);
    const auto asked = desk_.room.next("news", "kim", 1);
    ASSERT_TRUE(asked);
    EXPECT_EQ(asked->front().kind, TaskKind::Choices);
    const auto receipt = say(task, "kim", {"c", "a", "c"});
    ASSERT_TRUE(receipt) << receipt.error().message;
    const auto event = Reader<LabelEvent>(*desk_.ledger).get(receipt->event).value();
    EXPECT_EQ(event.value, R"({"choices":[0,2]})");
    EXPECT_FALSE(event.choice);
    EXPECT_EQ(desk_.room.progress("news", {})->answered, 1);
    EXPECT_EQ(desk_.room.verify_chain().value(), 1);
}

TEST_F(ChoicesTest, NoneOfThemIsAnAnswer) {
    const auto task = desk_.task("x", 1, 0);
    ASSERT_TRUE(say(task, "kim", {}));
    EXPECT_EQ(value_of("x"), R"({"choices":[]})");
    EXPECT_EQ(desk_.room.progress("news", {})->answered, 1);
}

TEST_F(ChoicesTest, TheSameEventAgainGivesTheFirstReceiptAndAnotherSetIsRefused) {
    const auto task = desk_.task("x", 1, 0);
    AnswerRequest request{
        .event_id = desk_.event_id(), .task_id = task.text(), .actor = "kim", .labels = Names{"a"}
    };
    ASSERT_TRUE(desk_.room.answer(request));
    EXPECT_TRUE(desk_.room.answer(request)->repeated);
    request.labels = Names{"a", "b"};
    EXPECT_EQ(desk_.room.answer(request).error().code, Code::Conflict);
}

TEST_F(ChoicesTest, SaysWhatItWantsOfEachKind) {
    const auto task = desk_.task("x", 1, 0);
    const auto single = desk_.room.answer({.task_id = task.text(), .actor = "kim", .label = "a"});
    ASSERT_FALSE(single);
    EXPECT_THAT(single.error().message, HasSubstr("field 'labels': rows of 'news' may have"));
    const auto unknown = say(task, "kim", {"a", "d"});
    ASSERT_FALSE(unknown);
    EXPECT_THAT(unknown.error().message, HasSubstr("a, b, c: 'd'"));

    ASSERT_TRUE(desk_.room.define_schema("mail", {"spam", "ham"}));
    desk_.model = "mail";
    const auto other = desk_.task("y", 1, 0);
    const auto several = say(other, "kim", {"spam"});
    ASSERT_FALSE(several);
    EXPECT_THAT(several.error().message, HasSubstr("one label; say it in the field 'label'"));
}

TEST_F(ChoicesTest, ASchemaKeepsItsKindAndItsNamesHaveNoSeparator) {
    EXPECT_EQ(desk_.room.define_schema("news", {"a", "b", "c", "d"}).error().code, Code::Conflict);
    EXPECT_EQ(
        desk_.room.define_schema("news", {"a", "b", "c", "d"}, TaskKind::Choices)->version, 2
    );
    const auto refused = desk_.room.define_schema("mail", {"x", "y;z"}, TaskKind::Choices);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("labels[1]: 'y;z'"));
}

TEST_F(ChoicesTest, EachLabelIsVotedOnByItselfAndTiesGoToTheFirstAnswer) {
    const auto task = desk_.task("x", 1, 0);
    ASSERT_TRUE(say(task, "kim", {"a", "b"}));
    ASSERT_TRUE(say(task, "lee", {"b", "c"}));
    EXPECT_EQ(value_of("x"), R"({"choices":[0,1]})");
    ASSERT_TRUE(say(task, "park", {"c"}));
    EXPECT_EQ(value_of("x"), R"({"choices":[1,2]})");
    const auto label = desk_.fold().label(sha256("x"));
    EXPECT_EQ(label->label, -1);
    EXPECT_EQ(label->answers, 3);
    EXPECT_EQ(label->agreeing, 1);
    ASSERT_TRUE(desk_.room.answer({.actor = "park", .action = LabelAction::Undo}));
    EXPECT_EQ(value_of("x"), R"({"choices":[0,1]})");
}

TEST_F(ChoicesTest, ImportsCellsOfNames) {
    for (const auto* text : {"x", "y", "z"}) {
        desk_.example(text);
    }
    const Digest source = sha256("file");
    const std::vector<ImportedLabel> labels = {
        {sha256("x"), " b ; a;", "import:f"},
        {sha256("y"), "a;d", "import:f"},
        {sha256("z"), "c", "import:f"}
    };
    const auto receipt = desk_.room.import_labels("news", source, labels);
    ASSERT_TRUE(receipt);
    EXPECT_EQ(receipt->added, 2);
    ASSERT_EQ(receipt->refused.size(), 1U);
    EXPECT_EQ(receipt->refused.front().first, 1U);
    EXPECT_EQ(value_of("x"), R"({"choices":[0,1]})");
    EXPECT_EQ(desk_.room.import_labels("news", source, labels)->repeated, 2);
    const auto contradicts =
        desk_.room.import_labels("news", source, {{sha256("z"), "c;a", "import:f"}});
    EXPECT_THAT(contradicts->refused.front().second, HasSubstr("contradicts an earlier row"));
}

TEST_F(ChoicesTest, TheChainCoversTheSetAndLeavesOldDigestsAlone) {
    LabelEvent event;
    event.model = "news";
    event.actor = "kim";
    const Digest without = chain_of(Digest(), event);
    event.value = R"({"choices":[1]})";
    const Digest with = chain_of(Digest(), event);
    EXPECT_NE(with, without);
    event.value = R"({"choices":[2]})";
    EXPECT_NE(chain_of(Digest(), event), with);
}

TEST_F(ChoicesTest, TasksOfAFileThatComeLaterTakeNoLeaseAway) {
    desk_.task("x", 1, 0);
    ASSERT_EQ(desk_.room.next("news", "kim", 5)->size(), 1U);
    desk_.clock.advance(std::chrono::minutes(1));
    desk_.example("y");
    LabelTask task;
    task.id = Id<LabelTask>::derived(desk_.clock.now(), "y");
    task.model = "news";
    task.item = sha256("y");
    CHECK(desk_.ledger->insert(table_of<LabelTask>(), to_row(task)));
    const auto given = desk_.room.next("news", "lee", 5);
    ASSERT_TRUE(given);
    ASSERT_EQ(given->size(), 1U);
    EXPECT_EQ(given->front().payload, "y");
}

/// Answers by turns to items x1, x2, ... by two people.
Agreement agreement_of(LabelDesk& desk, const std::vector<std::pair<Names, Names>>& answers) {
    int number = 0;
    for (const auto& [kim, lee] : answers) {
        ++number;
        const auto task = desk.task("x" + std::to_string(number), 1, number);
        CHECK(desk.room.answer({.task_id = task.text(), .actor = "kim", .labels = kim}));
        CHECK(desk.room.answer({.task_id = task.text(), .actor = "lee", .labels = lee}));
    }
    return desk.room.agreement("news").value();
}

TEST_F(ChoicesTest, AgreementComparesSetsAndNamesTheLabelsThatDiffer) {
    const auto agreement =
        agreement_of(desk_, {{{"a", "b"}, {"b", "a"}}, {{"a", "b"}, {"a"}}, {{"a"}, {"c"}}});
    EXPECT_EQ(agreement.pairs.trials, 3);
    EXPECT_EQ(agreement.pairs.successes, 1);
    ASSERT_EQ(agreement.confused.size(), 2U);
    std::vector<std::pair<std::int64_t, std::int64_t>> pairs;
    for (const auto& pair : agreement.confused) {
        pairs.emplace_back(pair.low, pair.high);
    }
    EXPECT_THAT(pairs, ElementsAre(std::pair(-1, 1), std::pair(0, 2)));
}

TEST_F(ChoicesTest, AlphaTakesTheShareOfLabelsThatDifferAsDistance) {
    // By hand. Sets: {a,b} 3 times, {a} twice, {c} once; distances {a,b}-{a} 1/2, others 1.
    // Observed: 2 x 1/2 in the second item, 2 x 1 in the third, weights 1: 3 of 6.
    // Expected: 2 (3x2x1/2 + 3x1x1 + 2x1x1) = 16 of 6 x 5.
    const auto agreement =
        agreement_of(desk_, {{{"a", "b"}, {"b", "a"}}, {{"a", "b"}, {"a"}}, {{"a"}, {"c"}}});
    ASSERT_TRUE(agreement.alpha);
    EXPECT_NEAR(*agreement.alpha, 1 - 5.0 * 3 / 16, 1e-12);
}

}  // namespace
}  // namespace flywheel::labeling
