// SPDX-License-Identifier: Apache-2.0
// Where, Reader and Writer against a ledger that only remembers what it was asked.
#include "ports/ledger/ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ports/ledger/faulty_ledger.h"
#include "records/label_task.h"
#include "records/turn.h"

namespace flywheel {

namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

class Remembering final : public Ledger {
  public:
    class Committing final : public Transaction {
      public:
        explicit Committing(int& commits) : commits_(commits) {}

        Result<void> commit() override {
            ++commits_;
            return {};
        }

      private:
        int& commits_;
    };

    Result<std::unique_ptr<Transaction>> begin() override {
        return std::unique_ptr<Transaction>(std::make_unique<Committing>(commits));
    }

    Result<void> insert(const Table& table, const Row& row) override {
        asked = "insert " + std::string(table.name);
        rows.push_back(row);
        return {};
    }

    Result<void> update(const Table& table, const Row& row) override {
        asked = "update " + std::string(table.name);
        rows = {row};
        return {};
    }

    Result<void> each(
        const Table& table,
        const Filter& wanted,
        const std::function<Result<void>(const Row&)>& visit
    ) const override {
        asked = "each " + std::string(table.name);
        filter = wanted;
        for (const auto& row : rows) {
            TRY(visit(row));
        }
        return {};
    }

    Result<std::int64_t> count(const Table& table, const Filter& wanted) const override {
        asked = "count " + std::string(table.name);
        filter = wanted;
        return static_cast<std::int64_t>(rows.size());
    }

    std::vector<Row> rows;
    int commits = 0;
    mutable std::string asked;
    mutable Filter filter;
};

TurnStep step(const std::string& name) {
    TurnStep made;
    made.id = sha256(name);
    made.name = name;
    return made;
}

TEST(Where, SaysMembersAsColumnsAndValues) {
    const auto turn = Id<Turn>::derived(Time(), "turn");
    const auto where = Where<LabelTask>()
                           .eq(&LabelTask::group, sha256("g"))
                           .ne(&LabelTask::turn, turn)
                           .lt(&LabelTask::rank, 5)
                           .le(&LabelTask::rank, 6)
                           .gt(&LabelTask::window_end, Time(Duration(7)))
                           .ge(&LabelTask::suggested_probability, 0.5)
                           .eq(&LabelTask::arm, Arm::Strategy)
                           .eq(&LabelTask::holdout, true)
                           .is_null(&LabelTask::probability)
                           .not_null(&LabelTask::probability);

    struct Row {
        std::string_view column;
        Compare compare;
        Value value;
    };

    const Row table[] = {
        {"group_id", Compare::Equal, sha256("g").hex()},
        {"turn", Compare::NotEqual, turn.text()},
        {"rank", Compare::Less, std::int64_t{5}},
        {"rank", Compare::LessEqual, std::int64_t{6}},
        {"window_end", Compare::Greater, std::int64_t{7}},
        {"suggested_probability", Compare::GreaterEqual, 0.5},
        {"arm", Compare::Equal, std::string("strategy")},
        {"holdout", Compare::Equal, std::int64_t{1}},
        {"probability", Compare::IsNull, Value()},
        {"probability", Compare::NotNull, Value()},
    };
    const auto& terms = where.filter().terms;
    ASSERT_EQ(terms.size(), std::size(table));
    for (std::size_t i = 0; i < terms.size(); ++i) {
        SCOPED_TRACE(i);
        EXPECT_EQ(terms[i].column, table[i].column);
        EXPECT_EQ(terms[i].compare, table[i].compare);
        EXPECT_EQ(terms[i].value, table[i].value);
    }
    EXPECT_EQ(where.filter().limit, -1);
}

TEST(Where, MayBeBuiltStepByStep) {
    auto where = Where<LabelTask>().eq(&LabelTask::model, "news");
    where = std::move(where).ge(&LabelTask::rank, 3);
    where = std::move(where).limit(5);
    ASSERT_EQ(where.filter().terms.size(), 2U);
    EXPECT_EQ(where.filter().terms[0].column, "model");
    EXPECT_EQ(where.filter().terms[1].column, "rank");
    EXPECT_EQ(where.filter().limit, 5);
}

TEST(Where, TellsMembersOfOneTypeApart) {
    const auto where = Where<Turn>().order(&Turn::window_end).newest(&Turn::window_begin).limit(3);
    EXPECT_THAT(
        where.filter().order, ElementsAre(Pair("window_end", false), Pair("window_begin", true))
    );
    EXPECT_EQ(where.filter().limit, 3);
}

TEST(Writer, StoresTheFieldsInOrder) {
    Remembering ledger;
    const Writer<TurnStep> writer(ledger);
    ASSERT_TRUE(writer.insert(step("a")));
    EXPECT_EQ(ledger.asked, "insert turn_step");
    EXPECT_THAT(ledger.rows, ElementsAre(to_row(step("a"))));
    ASSERT_TRUE(writer.update(step("b")));
    EXPECT_EQ(ledger.asked, "update turn_step");
    ASSERT_TRUE((*writer.begin())->commit());
    EXPECT_EQ(ledger.commits, 1);
}

TEST(Reader, FindsByKeyAndNamesWhatIsMissing) {
    Remembering ledger;
    const Reader<TurnStep> reader(ledger);
    EXPECT_FALSE(reader.find(sha256("a"))->has_value());
    EXPECT_EQ(ledger.filter.limit, 1);
    EXPECT_EQ(ledger.filter.terms.at(0).column, "id");
    const auto missing = reader.get(sha256("a"));
    EXPECT_EQ(missing.error().code, Code::NotFound);
    EXPECT_EQ(missing.error().message, "No such turn_step: " + sha256("a").hex());
    ledger.rows = {to_row(step("a"))};
    EXPECT_EQ(reader.get(sha256("a"))->name, "a");
    EXPECT_EQ(*reader.count(), 1);
}

TEST(Reader, RefusesARowThatIsNoRecord) {
    Remembering ledger;
    auto row = to_row(step("a"));
    row[0] = std::string("no digest");
    ledger.rows = {row};
    EXPECT_FALSE(Reader<TurnStep>(ledger).select());
    row[0] = std::int64_t{1};
    ledger.rows = {row};
    EXPECT_EQ(Reader<TurnStep>(ledger).select().error().code, Code::Corrupt);
}

TEST(Reader, StopsAtTheVisitorsError) {
    Remembering ledger;
    ledger.rows = {to_row(step("a")), to_row(step("b"))};
    int visited = 0;
    const auto stopped = Reader<TurnStep>(ledger).each({}, [&](const TurnStep&) -> Result<void> {
        ++visited;
        return make_error(Code::Cancelled, "Enough");
    });
    EXPECT_EQ(stopped.error().code, Code::Cancelled);
    EXPECT_EQ(visited, 1);
}

/// Six calls: begin, insert, update, each, count, commit; stops at the first error.
Result<void> use(Ledger& ledger) {
    const Writer<TurnStep> writer(ledger);
    auto transaction = TRY(writer.begin());
    TRY(writer.insert(step("a")));
    TRY(writer.update(step("b")));
    TRY(writer.reader().select());
    TRY(writer.reader().count());
    return transaction->commit();
}

TEST(FaultyLedger, FailsEachCallInTurn) {
    Remembering inner;
    const FaultPlan counting;
    FaultyLedger counted(inner, counting);
    ASSERT_TRUE(use(counted));
    ASSERT_EQ(counting.calls->load(), 6);
    for (int n = 1; n <= 6; ++n) {
        SCOPED_TRACE(n);
        Remembering fresh;
        const FaultPlan plan{.fail_at = n};
        FaultyLedger faulty(fresh, plan);
        const auto failed = use(faulty);
        ASSERT_FALSE(failed);
        EXPECT_EQ(failed.error().code, Code::Unavailable);
        EXPECT_EQ(failed.error().message, "Injected fault at call " + std::to_string(n));
        EXPECT_EQ(plan.calls->load(), n);
        EXPECT_EQ(fresh.commits, 0);
    }
}

TEST(FaultyLedger, CanLoseTheAnswerOfWorkThatWasDone) {
    Remembering inner;
    FaultyLedger faulty(inner, {.fail_at = 6, .mode = FaultMode::FailAfterDone});
    EXPECT_FALSE(use(faulty));
    EXPECT_EQ(inner.commits, 1);
}

TEST(FaultyLedger, CanEndTheProcess) {
    Remembering inner;
    FaultyLedger faulty(inner, {.fail_at = 2, .mode = FaultMode::Kill});
    EXPECT_EXIT(static_cast<void>(use(faulty)), ::testing::ExitedWithCode(137), "");
}

}  // namespace

}  // namespace flywheel
