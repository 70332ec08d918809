// SPDX-License-Identifier: Apache-2.0
#include "ports/ledger/sqlite/sqlite_ledger.h"

#include <fstream>
#include <future>
#include <limits>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/rng.h"
#include "records/dataset_version.h"
#include "records/label_event.h"
#include "records/label_task.h"
#include "records/turn.h"
#include "temp_folder.h"

namespace flywheel::sqlite {

namespace {

using ::testing::HasSubstr;

Time day(int n) {
    return Time(std::chrono::days(18000 + n));
}

Digest numbered(std::string_view kind, std::int64_t n) {
    return sha256(std::string(kind) + std::to_string(n));
}

TurnStep step(std::int64_t n) {
    TurnStep made;
    made.id = numbered("step", n);
    made.turn = Id<Turn>::derived(day(0), "turn");
    made.name = "step " + std::to_string(n);
    made.output.text = "{}";
    made.created = day(1);
    return made;
}

DatasetVersion version(std::int64_t n, std::optional<Digest> parent) {
    DatasetVersion made;
    made.id = numbered("version", n);
    made.model = n % 2 == 0 ? "even" : "odd";
    made.parent = parent;
    made.rows = n;
    made.created = day(static_cast<int>(n));
    return made;
}

LabelEvent event(std::int64_t seq) {
    LabelEvent made;
    made.id = Id<LabelEvent>::derived(day(0), std::to_string(seq));
    made.seq = seq;
    made.model = "news";
    made.actor = "a";
    made.choice = 3;
    return made;
}

std::vector<std::int64_t> rows_of(const std::vector<DatasetVersion>& versions) {
    std::vector<std::int64_t> rows;
    for (const auto& one : versions) {
        rows.push_back(one.rows);
    }
    return rows;
}

/// Every behaviour holds for the file and for the ledger in memory.
class SqliteLedgerTest : public ::testing::TestWithParam<bool> {
  protected:
    SqliteLedgerTest() {
        auto opened = GetParam() ? open(path()) : open_in_memory();
        CHECK(opened.has_value());
        ledger_ = std::move(*opened);
    }

    [[nodiscard]] std::filesystem::path path() const { return folder_.path() / "ledger.db"; }

    Ledger& ledger() { return *ledger_; }

  private:
    testing::TempFolder folder_;
    std::unique_ptr<Ledger> ledger_;
};

INSTANTIATE_TEST_SUITE_P(Kinds, SqliteLedgerTest, ::testing::Bool(), [](const auto& kind) {
    return kind.param ? "File" : "Memory";
});

TEST_P(SqliteLedgerTest, GivesBackWhatWasStored) {
    Writer<LabelTask> writer(ledger());
    LabelTask task;
    task.id = Id<LabelTask>::derived(day(0), "task");
    task.model = "news \"quoted\" \xF0\x9F\x98\x80";
    task.model.push_back('\0');
    task.probability = 0.1;
    task.holdout = true;
    task.window_end = day(3);
    task.suggested_probability = 1;
    ASSERT_TRUE(writer.insert(task));
    const auto found = writer.reader().get(task.id);
    ASSERT_TRUE(found);
    EXPECT_EQ(to_row(*found), to_row(task));
}

TEST_P(SqliteLedgerTest, AcceptsTheSameRowAgain) {
    Writer<TurnStep> writer(ledger());
    ASSERT_TRUE(writer.insert(step(1)));
    EXPECT_TRUE(writer.insert(step(1)));
    EXPECT_EQ(*writer.reader().count(), 1);
}

TEST_P(SqliteLedgerTest, RefusesOtherValuesUnderAUsedKey) {
    Writer<TurnStep> writer(ledger());
    ASSERT_TRUE(writer.insert(step(1)));
    auto other = step(1);
    other.output.text = "{\"rows\":1}";
    const auto refused = writer.insert(other);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::Conflict);
    EXPECT_THAT(refused.error().message, HasSubstr("turn_step " + other.id.hex()));
    EXPECT_EQ(writer.reader().get(other.id)->output.text, "{}");
}

TEST_P(SqliteLedgerTest, RefusesASecondRowWithAUsedNumber) {
    Writer<LabelEvent> writer(ledger());
    ASSERT_TRUE(writer.insert(event(1)));
    auto other = event(1);
    other.id = Id<LabelEvent>::derived(day(0), "another");
    const auto refused = writer.insert(other);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::Conflict);
    EXPECT_THAT(refused.error().message, HasSubstr("label_event"));
}

TEST_P(SqliteLedgerTest, NeverChangesALabelEvent) {
    Writer<LabelEvent> writer(ledger());
    ASSERT_TRUE(writer.insert(event(1)));
    auto changed = event(1);
    changed.choice = 4;
    const auto refused = writer.update(changed);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::Conflict);
    EXPECT_THAT(refused.error().message, HasSubstr("never changed"));
    EXPECT_EQ(writer.reader().get(changed.id)->choice, 3);
}

TEST_P(SqliteLedgerTest, UpdatesARowAndMissesAnAbsentOne) {
    Writer<TurnStep> writer(ledger());
    ASSERT_TRUE(writer.insert(step(1)));
    auto changed = step(1);
    changed.output.text = "[1]";
    ASSERT_TRUE(writer.update(changed));
    EXPECT_EQ(writer.reader().get(changed.id)->output.text, "[1]");
    EXPECT_EQ(writer.update(step(2)).error().code, Code::NotFound);
}

TEST_P(SqliteLedgerTest, RefusesANumberThatIsNone) {
    LabelTask task;
    task.probability = std::numeric_limits<double>::quiet_NaN();
    const auto refused = Writer<LabelTask>(ledger()).insert(task);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::InvalidArgument);
    EXPECT_THAT(refused.error().message, HasSubstr("column probability"));
}

TEST_P(SqliteLedgerTest, FiltersOrdersAndLimits) {
    Writer<DatasetVersion> writer(ledger());
    for (int n = 0; n < 6; ++n) {
        ASSERT_TRUE(writer.insert(
            version(n, n == 0 ? std::nullopt : std::optional(numbered("version", n - 1)))
        ));
    }
    const auto reader = writer.reader();
    using V = DatasetVersion;
    using W = Where<V>;

    struct Row {
        const char* name;
        Where<V> where;
        std::vector<std::int64_t> rows;
    };

    const Row table[] = {
        {"all", W().order(&V::rows), {0, 1, 2, 3, 4, 5}},
        {"newest", W().newest(&V::created).limit(2), {5, 4}},
        {"equal", W().eq(&V::model, "odd").order(&V::rows), {1, 3, 5}},
        {"not equal", W().ne(&V::model, "odd").order(&V::rows), {0, 2, 4}},
        {"between", W().ge(&V::rows, 2).lt(&V::rows, 4).order(&V::rows), {2, 3}},
        {"outside", W().gt(&V::rows, 1).le(&V::rows, 2).order(&V::rows), {2}},
        {"null", W().is_null(&V::parent), {0}},
        {"equal to nothing", W().eq(&V::parent, std::nullopt), {0}},
        {"not null", W().not_null(&V::parent).eq(&V::model, "even").order(&V::rows), {2, 4}},
        {"null is not equal",
         W().ne(&V::parent, numbered("version", 0)).order(&V::rows),
         {0, 2, 3, 4, 5}},
        {"none", W().eq(&V::model, "neither"), {}},
        {"limit nought", W().limit(0), {}},
    };
    for (const auto& row : table) {
        SCOPED_TRACE(row.name);
        const auto found = reader.select(row.where);
        ASSERT_TRUE(found);
        EXPECT_EQ(rows_of(*found), row.rows);
        EXPECT_EQ(*reader.count(row.where), static_cast<std::int64_t>(row.rows.size()));
    }
}

TEST_P(SqliteLedgerTest, OrdersByKeyWhenNothingElseDecides) {
    Writer<TurnStep> writer(ledger());
    for (int n = 0; n < 20; ++n) {
        ASSERT_TRUE(writer.insert(step(n)));
    }
    const auto steps = writer.reader().select(Where<TurnStep>().order(&TurnStep::turn));
    ASSERT_EQ(steps->size(), 20U);
    EXPECT_TRUE(std::is_sorted(steps->begin(), steps->end(), [](const auto& a, const auto& b) {
        return a.id < b.id;
    }));
}

TEST_P(SqliteLedgerTest, KeepsWhatWasCommittedAndForgetsTheRest) {
    Writer<TurnStep> writer(ledger());
    {
        auto transaction = *writer.begin();
        ASSERT_TRUE(writer.insert(step(1)));
        ASSERT_TRUE(writer.insert(step(2)));
        EXPECT_EQ(*writer.reader().count(), 2) << "a transaction sees its own rows";
        ASSERT_TRUE(transaction->commit());
    }
    {
        auto dropped = *writer.begin();
        ASSERT_TRUE(writer.insert(step(3)));
    }
    EXPECT_EQ(*writer.reader().count(), 2);
}

TEST_P(SqliteLedgerTest, JoinsTheTransactionThatIsOpen) {
    Writer<TurnStep> writer(ledger());
    {
        auto outer = *writer.begin();
        ASSERT_TRUE(writer.insert(step(1)));
        auto inner = *writer.begin();
        ASSERT_TRUE(writer.insert(step(2)));
        ASSERT_TRUE(inner->commit());
    }
    EXPECT_EQ(*writer.reader().count(), 0) << "the outer one was dropped";
    {
        auto outer = *writer.begin();
        ASSERT_TRUE(writer.insert(step(1)));
        {
            auto dropped = *writer.begin();
            ASSERT_TRUE(writer.insert(step(2)));
        }
        ASSERT_TRUE(outer->commit());
    }
    EXPECT_EQ(*writer.reader().count(), 1) << "a dropped inner one undoes its own rows";
}

TEST_P(SqliteLedgerTest, GoesOnInATransactionAfterAConflict) {
    Writer<TurnStep> writer(ledger());
    auto transaction = *writer.begin();
    ASSERT_TRUE(writer.insert(step(1)));
    auto other = step(1);
    other.name = "other";
    EXPECT_FALSE(writer.insert(other));
    ASSERT_TRUE(writer.insert(step(2)));
    ASSERT_TRUE(transaction->commit());
    EXPECT_EQ(*writer.reader().count(), 2);
}

TEST_P(SqliteLedgerTest, MayWriteWhileItReads) {
    Writer<TurnStep> writer(ledger());
    for (int n = 0; n < 10; ++n) {
        ASSERT_TRUE(writer.insert(step(n)));
    }
    int visited = 0;
    const auto copied = writer.reader().each(Where<TurnStep>(), [&](const TurnStep& /*row*/) {
        ++visited;
        return writer.insert(step(100 + visited));
    });
    ASSERT_TRUE(copied);
    EXPECT_EQ(visited, 10) << "rows written meanwhile are not visited";
    EXPECT_EQ(*writer.reader().count(), 20);
}

TEST_P(SqliteLedgerTest, StopsReadingAtTheVisitorsError) {
    Writer<TurnStep> writer(ledger());
    ASSERT_TRUE(writer.insert(step(1)));
    ASSERT_TRUE(writer.insert(step(2)));
    int visited = 0;
    const auto stopped =
        writer.reader().each(Where<TurnStep>(), [&](const TurnStep&) -> Result<void> {
            ++visited;
            return make_error(Code::Cancelled, "Enough");
        });
    EXPECT_EQ(stopped.error().code, Code::Cancelled);
    EXPECT_EQ(visited, 1);
    EXPECT_TRUE(writer.insert(step(3)));
}

TEST_P(SqliteLedgerTest, LetsTheWritesOfOtherThreadsWaitForTheTransaction) {
    Writer<TurnStep> writer(ledger());
    auto transaction = *writer.begin();
    ASSERT_TRUE(writer.insert(step(1)));
    std::promise<void> started;
    auto other = std::async(std::launch::async, [&]() -> std::int64_t {
        started.set_value();
        CHECK(writer.insert(step(2)).has_value());
        return *writer.reader().count();
    });
    started.get_future().wait();
    EXPECT_EQ(*writer.reader().count(), 1) << "the other write is not in this transaction";
    ASSERT_TRUE(transaction->commit());
    EXPECT_EQ(other.get(), 2);
}

TEST_P(SqliteLedgerTest, CountsRightWithManyThreads) {
    constexpr int kThreads = 8;
    constexpr int kEach = 25;
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([&, t] {
            Writer<TurnStep> writer(ledger());
            for (int n = 0; n < kEach; ++n) {
                auto transaction = writer.begin();
                CHECK(transaction.has_value());
                const auto before = *writer.reader().count();
                CHECK(writer.insert(step(t * kEach + n)).has_value());
                CHECK(*writer.reader().count() == before + 1);
                CHECK((*transaction)->commit().has_value());
                CHECK(writer.reader().select(Where<TurnStep>().limit(3)).has_value());
            }
        });
    }
    threads.clear();
    EXPECT_EQ(*Reader<TurnStep>(ledger()).count(), kThreads * kEach);
}

TEST(SqliteLedger, ReadersDoNotWaitForAWriterNorSeeItsRows) {
    const testing::TempFolder folder;
    auto ledger = *open(folder.path() / "ledger.db");
    Writer<TurnStep> writer(*ledger);
    auto transaction = *writer.begin();
    ASSERT_TRUE(writer.insert(step(1)));
    auto seen = std::async(std::launch::async, [&] { return *writer.reader().count(); });
    EXPECT_EQ(seen.get(), 0);
    ASSERT_TRUE(transaction->commit());
}

}  // namespace

}  // namespace flywheel::sqlite
