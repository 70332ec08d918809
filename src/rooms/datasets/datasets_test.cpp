// SPDX-License-Identifier: Apache-2.0
#include "rooms/datasets/datasets.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/rng.h"
#include "ports/ledger/sqlite/sqlite_ledger.h"
#include "ports/vault/folder/folder_vault.h"
#include "rooms/datasets/row_lines.h"
#include "temp_folder.h"

namespace flywheel::datasets {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Shelf {
  public:
    explicit Shelf(TaskKind kind = TaskKind::Choice) {
        Schema schema;
        schema.model = "news";
        schema.kind = kind;
        schema.labels = {"politics", "sports", "culture"};
        CHECK(ledger_->insert(table_of<Schema>(), to_row(schema)));
    }

    void example(const std::string& text, const std::string& group, std::int64_t multiplicity = 1) {
        Example example;
        example.id = sha256(text);
        example.group = sha256(group);
        example.payload = text;
        example.multiplicity = multiplicity;
        example.first_seen = Time(std::chrono::hours(5));
        CHECK(ledger_->insert(table_of<Example>(), to_row(example)));
    }

    void raise_multiplicity(const std::string& text) {
        auto example = Reader<Example>(*ledger_).get(sha256(text)).value();
        ++example.multiplicity;
        CHECK(ledger_->update(table_of<Example>(), to_row(example)));
    }

    Id<LabelEvent> answer(
        const std::string& text,
        std::int64_t choice,
        bool holdout = false,
        std::string actor = "kim"
    ) {
        LabelEvent event;
        event.item = sha256(text);
        event.choice = choice;
        event.holdout = holdout;
        event.actor = std::move(actor);
        return append(std::move(event));
    }

    Id<LabelEvent> answer_several(const std::string& text, const std::string& value) {
        LabelEvent event;
        event.item = sha256(text);
        event.value = value;
        event.actor = "kim";
        return append(std::move(event));
    }

    Id<LabelEvent> undo(const std::string& text, const Id<LabelEvent>& target) {
        LabelEvent event;
        event.item = sha256(text);
        event.action = LabelAction::Undo;
        event.target = target;
        event.actor = "kim";
        return append(std::move(event));
    }

    Id<LabelEvent> skip(const std::string& text) {
        LabelEvent event;
        event.item = sha256(text);
        event.action = LabelAction::Skip;
        return append(std::move(event));
    }

    Id<LabelEvent> decide(const std::string& text, std::int64_t choice, LabelAction action) {
        LabelEvent event;
        event.item = sha256(text);
        event.action = action;
        event.choice = choice;
        event.actor = "kim";
        return append(std::move(event));
    }

    Result<DatasetVersion> cut(std::int64_t label_seq = -1) {
        return room.cut({.model = "news", .label_seq = label_seq, .message = "test"});
    }

    [[nodiscard]] std::map<std::string, Row> rows(const DatasetVersion& version) const {
        std::map<std::string, Row> by_text;
        const auto all = room.rows_of(version.id).value();
        for (const auto& row : all) {
            by_text[row.text] = row;
        }
        return by_text;
    }

    flywheel::testing::TempFolder folder;
    std::int64_t seq = 0;

  private:
    Id<LabelEvent> append(LabelEvent event) {
        event.id = Id<LabelEvent>::random(Time{}, rng_);
        event.seq = ++seq;
        event.model = "news";
        CHECK(ledger_->insert(table_of<LabelEvent>(), to_row(event)));
        return event.id;
    }

    Rng rng_{1};
    std::unique_ptr<Ledger> ledger_ = sqlite::open_in_memory().value();
    std::unique_ptr<Vault> vault_ = folder::open(folder.path()).value();

  public:
    Datasets room{
        Reader<Example>(*ledger_),
        Reader<LabelEvent>(*ledger_),
        Reader<Schema>(*ledger_),
        Writer<DatasetVersion>(*ledger_),
        *vault_
    };
};

void fill(Shelf& shelf, int count) {
    for (int i = 0; i < count; ++i) {
        const auto text = "text " + std::to_string(i);
        shelf.example(text, text);
        shelf.answer(text, i % 2);
    }
}

TEST(Datasets, FollowsDecisionsBeforeAnswers) {
    Shelf shelf;
    for (const auto* text : {"a", "b", "c"}) {
        shelf.example(text, text);
    }
    shelf.answer("a", 1);
    shelf.answer("a", 1, false, "lee");
    const auto decision = shelf.decide("a", 2, LabelAction::Adjudicate);
    shelf.answer("a", 1, false, "park");
    shelf.answer("b", 0);
    shelf.decide("c", 1, LabelAction::GoldSet);
    const auto decided = shelf.cut().value();
    EXPECT_EQ(shelf.rows(decided).at("a").label, 2);
    EXPECT_EQ(shelf.rows(decided).at("a").answers, 3);
    EXPECT_EQ(shelf.rows(decided).at("c").label, 1);
    EXPECT_EQ(shelf.rows(decided).at("c").answers, 0);
    shelf.undo("a", decision);
    EXPECT_EQ(shelf.rows(shelf.cut().value()).at("a").label, 1);
}

TEST(Datasets, CutsTheLabelledRowsWithTheirTexts) {
    Shelf shelf;
    shelf.example("a", "a", 3);
    shelf.example("b", "b");
    shelf.example("unlabelled", "unlabelled");
    shelf.answer("a", 1);
    shelf.answer("a", 1, false, "lee");
    shelf.answer("b", 2);
    const auto version = shelf.cut();
    ASSERT_TRUE(version);
    EXPECT_EQ(version->rows, 2);
    EXPECT_EQ(version->label_seq, 3);
    EXPECT_EQ(version->consensus, "majority");
    EXPECT_EQ(version->parent, std::nullopt);
    const auto rows = shelf.rows(*version);
    EXPECT_EQ(rows.at("a").label, 1);
    EXPECT_EQ(rows.at("a").answers, 2);
    EXPECT_EQ(rows.at("a").multiplicity, 3);
    EXPECT_EQ(rows.at("a").first_seen, Time(std::chrono::hours(5)));
    EXPECT_EQ(rows.at("b").label, 2);
}

TEST(Datasets, RefusesToCutWhatNothingCanLearnFrom) {
    Shelf shelf;
    EXPECT_EQ(shelf.cut().error().code, Code::InvalidArgument);
    shelf.example("a", "a");
    shelf.answer("a", 1);
    const auto one_class = shelf.cut();
    ASSERT_FALSE(one_class);
    EXPECT_THAT(one_class.error().message, HasSubstr("All labels are of one class"));
    EXPECT_EQ(shelf.room.cut({.model = "mail"}).error().code, Code::NotFound);
}

TEST(Datasets, GivesTheNewestVersionWhenNoLabelChanged) {
    Shelf shelf;
    fill(shelf, 10);
    const auto first = shelf.cut();
    shelf.skip("text 1");
    shelf.raise_multiplicity("text 2");
    const auto again = shelf.cut();
    ASSERT_TRUE(again);
    EXPECT_EQ(again->id, first->id);
    EXPECT_EQ(shelf.room.log("news")->size(), 1U);
}

TEST(Datasets, EqualHistoriesGiveEqualIdsAnywhere) {
    Shelf one;
    Shelf two;
    fill(one, 10);
    fill(two, 10);
    EXPECT_EQ(one.cut()->id, two.cut()->id);
}

TEST(Datasets, CutsAsOfAnEarlierSeq) {
    Shelf shelf;
    fill(shelf, 10);
    shelf.answer("text 0", 2);
    const auto version = shelf.cut(10);
    EXPECT_EQ(version->label_seq, 10);
    EXPECT_EQ(shelf.rows(*version).at("text 0").label, 0);
}

TEST(Datasets, SplitsWholeGroupsByHoldOutAndHash) {
    Shelf shelf;
    fill(shelf, 600);
    shelf.example("member", "text 7");
    shelf.answer("member", 1, true);
    const auto version = shelf.cut();
    const auto rows = shelf.rows(*version);
    EXPECT_EQ(rows.at("member").split, Split::Test);
    EXPECT_EQ(rows.at("text 7").split, Split::Test);
    int valid = 0;
    for (const auto& [text, row] : rows) {
        valid += row.split == Split::Valid ? 1 : 0;
    }
    EXPECT_NEAR(valid, 90, 4.5 * 8.75);  // 15 %, 4.5 deviations
    EXPECT_THAT(version->counts.text, HasSubstr(R"("test":{"sports":2})"));
}

TEST(Datasets, LogFollowsTheLineOfDescentNewestFirst) {
    Shelf shelf;
    fill(shelf, 4);
    const auto first = shelf.cut();
    shelf.answer("text 0", 2);
    const auto second = shelf.cut();
    shelf.answer("text 1", 2);
    const auto third = shelf.cut();
    EXPECT_EQ(third->parent, second->id);
    const auto log = shelf.room.log("news");
    std::vector<Digest> ids;
    for (const auto& version : *log) {
        ids.push_back(version.id);
    }
    EXPECT_THAT(ids, ElementsAre(third->id, second->id, first->id));
    EXPECT_TRUE(shelf.room.log("mail")->empty());
}

TEST(Datasets, ReturningToOldLabelsIsANewVersionWithTheOldRows) {
    Shelf shelf;
    fill(shelf, 4);
    const auto first = shelf.cut();
    const auto change = shelf.answer("text 0", 2);
    const auto second = shelf.cut();
    shelf.undo("text 0", change);
    const auto third = shelf.cut();
    EXPECT_EQ(third->rows_digest, first->rows_digest);
    EXPECT_NE(third->id, first->id);
    EXPECT_EQ(third->parent, second->id);
}

TEST(Datasets, DiffNamesWhatChanged) {
    Shelf shelf;
    fill(shelf, 6);
    const auto before = shelf.cut();
    shelf.example("new", "new");
    shelf.answer("new", 1);
    shelf.answer("text 0", 2);
    shelf.answer("text 1", 1, true);
    const auto middle = shelf.cut();
    const auto diff = shelf.room.diff(before->id, middle->id);
    ASSERT_TRUE(diff);
    EXPECT_THAT(diff->added, ElementsAre(sha256("new")));
    EXPECT_TRUE(diff->removed.empty());
    ASSERT_EQ(diff->relabelled.size(), 1U);
    EXPECT_EQ(diff->relabelled[0].item, sha256("text 0"));
    EXPECT_EQ(diff->relabelled[0].before, 0);
    EXPECT_EQ(diff->relabelled[0].after, 2);
    EXPECT_THAT(diff->moved, ElementsAre(sha256("text 1")));
    EXPECT_THAT(shelf.room.diff(middle->id, before->id)->removed, ElementsAre(sha256("new")));
    EXPECT_EQ(shelf.room.diff(sha256("none"), before->id).error().code, Code::NotFound);
}

TEST(Datasets, KeepRowsOfSeveralLabelsAndCountThemWithEach) {
    Shelf shelf(TaskKind::Choices);
    for (const auto* text : {"a", "b", "c"}) {
        shelf.example(text, text);
    }
    shelf.answer_several("a", R"({"choices":[0,2]})");
    shelf.answer_several("b", R"({"choices":[]})");
    const auto first = shelf.cut();
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_EQ(shelf.rows(*first).at("a").value, R"({"choices":[0,2]})");
    EXPECT_EQ(shelf.rows(*first).at("a").label, -1);
    EXPECT_THAT(first->counts.text, HasSubstr(R"("culture":1)"));
    EXPECT_THAT(first->counts.text, HasSubstr(R"("politics":1)"));
    EXPECT_EQ(shelf.cut()->id, first->id);

    shelf.answer_several("a", R"({"choices":[2]})");
    const auto second = shelf.cut();
    ASSERT_TRUE(second);
    const auto diff = shelf.room.diff(first->id, second->id);
    ASSERT_EQ(diff->relabelled.size(), 1U);
    EXPECT_EQ(diff->relabelled.front().value_before, R"({"choices":[0,2]})");
    EXPECT_EQ(diff->relabelled.front().value_after, R"({"choices":[2]})");

    shelf.answer_several("c", R"({"choices":[3]})");
    EXPECT_EQ(shelf.cut().error().code, Code::Corrupt);  // the schema has three labels
}

TEST(Datasets, SayWhenTheirBytesAreDamagedOrGone) {
    Shelf shelf;
    fill(shelf, 4);
    const auto version = shelf.cut();
    std::filesystem::path blob;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(shelf.folder.path())) {
        if (entry.is_regular_file() && entry.file_size() > 100) {
            blob = entry.path();
        }
    }
    ASSERT_FALSE(blob.empty());
    std::filesystem::permissions(blob, std::filesystem::perms::owner_all);
    {
        std::ofstream(blob) << "{}\n";
    }
    EXPECT_EQ(shelf.room.rows_of(version->id).error().code, Code::Corrupt);
    std::filesystem::remove(blob);
    EXPECT_EQ(shelf.room.rows_of(version->id).error().code, Code::Corrupt);
}

void check_diff(std::uint64_t seed) {
    Shelf shelf;
    Rng rng(seed);
    fill(shelf, 20);
    std::vector<std::pair<std::string, Id<LabelEvent>>> answers;
    const auto version_before = shelf.cut().value();
    for (int step = 0; step < 15; ++step) {
        const auto text = "text " + std::to_string(rng.below(25));
        if (!answers.empty() && rng.uniform() < 0.3) {
            const auto& [where, event] = answers[rng.below(answers.size())];
            shelf.undo(where, event);
            continue;
        }
        if (rng.uniform() < 0.2) {
            const auto fresh = "fresh " + std::to_string(step);
            shelf.example(fresh, rng.uniform() < 0.5 ? fresh : "text 3");
            answers.emplace_back(fresh, shelf.answer(fresh, 2, rng.uniform() < 0.5));
        } else if (text < "text 20") {
            const auto known = "text " + std::to_string(rng.below(20));
            answers.emplace_back(
                known,
                shelf.answer(known, static_cast<std::int64_t>(rng.below(3)), rng.uniform() < 0.2)
            );
        }
    }
    const auto version_after = shelf.cut().value();
    const auto diff = shelf.room.diff(version_before.id, version_after.id).value();
    std::map<Digest, Row> rows;
    std::map<Digest, Row> wanted;
    const auto before_rows = shelf.room.rows_of(version_before.id).value();
    const auto after_rows = shelf.room.rows_of(version_after.id).value();
    for (const auto& row : before_rows) {
        rows[row.item] = row;
    }
    for (const auto& row : after_rows) {
        wanted[row.item] = row;
    }
    for (const auto& item : diff.removed) {
        ASSERT_TRUE(rows.erase(item) == 1U);
    }
    for (const auto& item : diff.added) {
        ASSERT_TRUE(!rows.contains(item));
        rows[item] = wanted.at(item);
    }
    for (const auto& change : diff.relabelled) {
        ASSERT_TRUE(rows.at(change.item).label == change.before);
        rows.at(change.item).label = change.after;
    }
    for (const auto& item : diff.moved) {
        ASSERT_TRUE(rows.at(item).split != wanted.at(item).split);
        rows.at(item).split = wanted.at(item).split;
    }
    ASSERT_TRUE(rows.size() == wanted.size());
    std::map<Digest, Split> split_of_group;
    for (const auto& [item, row] : wanted) {
        ASSERT_TRUE(rows.at(item).label == row.label);
        ASSERT_TRUE(rows.at(item).split == row.split);
        ASSERT_TRUE(split_of_group.try_emplace(row.group, row.split).first->second == row.split);
    }
}

TEST(Datasets, ADiffAppliedToTheOldRowsGivesTheNewOnes) {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        SCOPED_TRACE(seed);
        check_diff(seed);
        if (HasFatalFailure()) {
            return;
        }
    }
}

std::vector<Row> some_rows(std::uint64_t seed) {
    Rng rng(seed);
    std::map<Digest, Row> rows;
    for (std::uint64_t i = rng.below(20); i > 0; --i) {
        Row row;
        row.item = sha256(std::to_string(rng.next()));
        row.group = sha256(std::to_string(rng.next()));
        row.split = static_cast<Split>(rng.below(3));
        row.label = static_cast<std::int64_t>(rng.below(1000));
        row.value = rng.below(2) == 0 ? "" : R"({"choices":[0,2]})";
        row.answers = static_cast<std::int64_t>(rng.below(10));
        row.multiplicity = static_cast<std::int64_t>(rng.next() >> 1U);
        row.first_seen = Time(Duration(static_cast<std::int64_t>(rng.next())));
        rows[row.item] = row;
    }
    std::vector<Row> sorted;
    for (const auto& [item, row] : rows) {
        sorted.push_back(row);
    }
    return sorted;
}

RC_GTEST_PROP(RowLines, ReadBackWhatWasWritten, (std::uint64_t seed)) {
    const auto rows = some_rows(seed);
    const auto lines = to_lines(rows);
    const auto read = from_lines(lines);
    RC_ASSERT(read.has_value());
    RC_ASSERT(to_lines(*read) == lines);
    RC_ASSERT(read->size() == rows.size());
}

TEST(RowLines, NameTheLineThatIsDamaged) {
    std::vector<Row> rows(2);
    rows[0].item = sha256("a");
    rows[1].item = sha256("b");
    if (rows[1].item < rows[0].item) {
        std::swap(rows[0], rows[1]);
    }
    const auto good = to_lines(rows);
    const auto half = good.size() / 2;

    struct Case {
        std::string lines;
        std::string message;
    };

    const std::vector<Case> cases = {
        {good.substr(0, good.size() - 1), "line 2: it does not end"},
        {good.substr(half) + good.substr(0, half), "line 2: items do not rise"},
        {"{}\n", "line 1: "},
        {"\n", "line 1: "},
        {good.substr(0, half) + "null\n", "line 2: "},
    };
    for (const auto& damaged : cases) {
        SCOPED_TRACE(damaged.message);
        const auto read = from_lines(damaged.lines);
        ASSERT_FALSE(read);
        EXPECT_EQ(read.error().code, Code::Corrupt);
        EXPECT_THAT(read.error().message, HasSubstr(damaged.message));
    }
}

}  // namespace
}  // namespace flywheel::datasets
