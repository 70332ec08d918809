// SPDX-License-Identifier: Apache-2.0
#include "ports/ledger/sqlite/migrations.h"

#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ports/ledger/sqlite/connection.h"
#include "ports/ledger/sqlite/sqlite_ledger.h"
#include "records/api_key.h"
#include "records/audit_event.h"
#include "records/correction.h"
#include "records/dataset_version.h"
#include "records/evaluation.h"
#include "records/example.h"
#include "records/incident.h"
#include "records/label_event.h"
#include "records/label_task.h"
#include "records/model_version.h"
#include "records/profile.h"
#include "records/rollout_fold.h"
#include "records/schema.h"
#include "records/training_run.h"
#include "records/turn.h"
#include "temp_folder.h"

namespace flywheel::sqlite {

namespace {

using ::testing::HasSubstr;

std::unique_ptr<Connection> connect(const std::filesystem::path& path = {}) {
    const auto mode = path.empty() ? OpenMode::Memory : OpenMode::ReadWrite;
    auto connection = Connection::open(path, mode, std::chrono::milliseconds(0));
    CHECK(connection.has_value());
    return std::move(*connection);
}

std::vector<std::string> strings(Connection& connection, const std::string& sql) {
    auto statement = connection.prepare(sql);
    CHECK(statement.has_value());
    std::vector<std::string> found;
    while (*statement->step()) {
        found.push_back(std::get<std::string>(statement->column(0)));
    }
    return found;
}

std::string column_type(const Value& value) {
    const char* const kTypes[] = {"", "INTEGER", "REAL", "TEXT"};
    return kTypes[value.index()];
}

template <class Record>
class TableOf : public ::testing::Test {};

using Records = ::testing::Types<
    ApiKey,
    AuditEvent,
    Schema,
    Example,
    LabelTask,
    LabelEvent,
    DatasetVersion,
    TrainingRun,
    ModelVersion,
    Evaluation,
    Correction,
    Rollout,
    Profile,
    Incident,
    Turn,
    TurnStep,
    Decision>;
TYPED_TEST_SUITE(TableOf, Records);

TYPED_TEST(TableOf, HasTheFieldsOfItsRecord) {
    const auto connection = connect();
    ASSERT_TRUE(migrate(*connection));
    const std::string info = " from pragma_table_info('" + std::string(TypeParam::kTable) + "') ";
    std::vector<std::string> fields;
    for (const auto name : field_names<TypeParam>()) {
        fields.emplace_back(name);
    }
    EXPECT_EQ(strings(*connection, "select name" + info + "order by cid"), fields);
    EXPECT_EQ(
        strings(*connection, "select name" + info + "where pk = 1"), std::vector<std::string>{"id"}
    );
    const auto row = to_row(TypeParam());
    const auto types = strings(*connection, "select type" + info + "order by cid");
    for (std::size_t i = 0; i < fields.size(); ++i) {
        SCOPED_TRACE(fields[i]);
        const bool is_null = std::holds_alternative<std::monostate>(row[i]);
        EXPECT_TRUE(is_null || types[i] == column_type(row[i]));
        const auto strict = "select \"notnull\"" + info + "where name = '" + fields[i] + "'";
        EXPECT_EQ(std::get<std::int64_t>(*connection->scalar(strict)), is_null ? 0 : 1);
    }
}

TYPED_TEST(TableOf, KeepsARowOfDefaults) {
    auto ledger = *open_in_memory();
    const Writer<TypeParam> writer(*ledger);
    ASSERT_TRUE(writer.insert(TypeParam()));
    ASSERT_TRUE(writer.insert(TypeParam()));
    const auto rows = writer.reader().select();
    ASSERT_TRUE(rows);
    ASSERT_EQ(rows->size(), 1U);
    EXPECT_EQ(to_row(rows->front()), to_row(TypeParam()));
}

TEST(Migrations, AreNumberedWithoutGaps) {
    std::int64_t number = 0;
    for (const auto& migration : migrations()) {
        EXPECT_EQ(migration.number, ++number);
    }
}

TEST(Migrations, RunOnce) {
    const auto connection = connect();
    ASSERT_TRUE(migrate(*connection));
    ASSERT_TRUE(migrate(*connection));
    EXPECT_EQ(
        std::get<std::int64_t>(*connection->scalar("select count(*) from schema_migrations")),
        static_cast<std::int64_t>(migrations().size())
    );
}

TEST(Migrations, MakeEventsOfTheMovesOfAnOldLedger) {
    const testing::TempFolder folder;
    const auto path = folder.path() / "ledger.db";
    {
        const auto old = connect(path);
        ASSERT_TRUE(old->run(std::string(kMigration0001Records)));
        ASSERT_TRUE(old->run(std::string(kMigration0002ApiKeys)));
        ASSERT_TRUE(old->run(
            "pragma application_id = 1180125260;"
            "create table schema_migrations (number integer primary key, name text not null) "
            "strict;"
            "insert into schema_migrations values (1, 'records'), (2, 'api_keys')"
        ));
        std::int64_t seq = 0;

        struct Row {
            std::int64_t from, to;
            const char* state;
        };

        for (const Row& row :
             {Row{0, 1, "done"}, {1, 2, "done"}, {2, 1, "rolled_back"}, {1, 3, "done"}}) {
            ++seq;
            const auto id = Id<Rollout>::derived(Time(), std::to_string(seq)).text();
            ASSERT_TRUE(old->run(
                "insert into rollout (id, model, seq, from_version, to_version, state, who, "
                "reason, "
                "created) values ('" +
                id + "', 'm', " + std::to_string(seq) + ", " + std::to_string(row.from) + ", " +
                std::to_string(row.to) + ", '" + row.state + "', 'kim', 'x', 0)"
            ));
        }
    }
    auto ledger = *open(path);
    const auto events = *Reader<Rollout>(*ledger).select(Where<Rollout>().order(&Rollout::seq));
    ASSERT_EQ(events.size(), 4U);
    for (const std::size_t done : {0, 1, 3}) {
        EXPECT_EQ(events[done].rollout, events[done].id);
        EXPECT_EQ(events[done].step, 0);
        EXPECT_EQ(events[done].share, 1);
    }
    EXPECT_EQ(events[2].rollout, events[1].id);  // it took back what the second one did
    EXPECT_EQ(events[2].step, 1);
    EXPECT_EQ(RolloutFold(events).labels(), (RolloutLabels{.stable = 3, .previous = 1}));
}

TEST(Migrations, KeepTheLabelEventsOfAnOldLedger) {
    const testing::TempFolder folder;
    const auto path = folder.path() / "ledger.db";
    LabelEvent event;
    event.id = Id<LabelEvent>::derived(Time(), "an answer");
    event.model = "m";
    event.choice = 2;
    event.probability = .25;
    {
        const auto old = connect(path);
        for (const auto sql :
             {kMigration0001Records,
              kMigration0002ApiKeys,
              kMigration0005Operations,
              kMigration0004RolloutEvents}) {
            ASSERT_TRUE(old->run(std::string(sql)));
        }
        ASSERT_TRUE(old->run(
            "pragma application_id = 1180125260;"
            "create table schema_migrations (number integer primary key, name text not null) "
            "strict;"
            "insert into schema_migrations values (1, 'records'), (2, 'api_keys'), (3, "
            "'operations'), (4, 'rollout_events');"
            "insert into label_event (id, seq, chain, model, schema_version, item, actor_kind, "
            "actor, action, choice, reason, probability, holdout, t_shown, t_saved, received) "
            "values ('" +
            event.id.text() + "', 0, '" + Digest().hex() + "', 'm', 1, '" + Digest().hex() +
            "', 'human', '', 'answer', 2, '', 0.25, 0, 0, 0, 0)"
        ));
    }
    auto ledger = *open(path);
    const auto found = Reader<LabelEvent>(*ledger).get(event.id);
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(to_row(*found), to_row(event));  // what was added later says nothing
    event.id = Id<LabelEvent>::derived(Time(), "a second answer");
    event.seq = 1;
    event.blind = true;
    event.blind_probability = .1;
    event.suggestion = SuggestionState::Hidden;
    event.suggested = 1;
    event.suggested_probability = .75;
    ASSERT_TRUE(Writer<LabelEvent>(*ledger).insert(event));
    EXPECT_EQ(to_row(*Reader<LabelEvent>(*ledger).get(event.id)), to_row(event));
    EXPECT_THAT(
        connect(path)->run("update label_event set blind = 0").error().message,
        HasSubstr("never changed")
    );
}

TEST(Migrations, RefuseALedgerOfANewerProgram) {
    const testing::TempFolder folder;
    const auto path = folder.path() / "ledger.db";
    ASSERT_TRUE(open(path));
    ASSERT_TRUE(
        connect(path)->run("insert into schema_migrations (number, name) values (99, 'future')")
    );
    const auto refused = open(path);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::Conflict);
    EXPECT_THAT(refused.error().message, HasSubstr("newer program"));
    EXPECT_THAT(refused.error().message, HasSubstr("99"));
}

TEST(Migrations, RefuseADatabaseThatIsNoLedger) {
    const testing::TempFolder folder;
    const auto path = folder.path() / "other.db";
    ASSERT_TRUE(connect(path)->run("create table photos (id integer)"));
    const auto refused = open(path);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::Corrupt);
    EXPECT_THAT(refused.error().message, HasSubstr("not a ledger"));
}

TEST(Migrations, ForbidToDeleteALabelEvent) {
    const testing::TempFolder folder;
    const auto path = folder.path() / "ledger.db";
    auto ledger = *open(path);
    ASSERT_TRUE(Writer<LabelEvent>(*ledger).insert(LabelEvent()));
    const auto refused = connect(path)->run("delete from label_event");
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("never deleted"));
    EXPECT_EQ(*Reader<LabelEvent>(*ledger).count(), 1);
}

TEST(Migrations, ForbidToChangeOrDeleteAnAuditEvent) {
    const testing::TempFolder folder;
    const auto path = folder.path() / "ledger.db";
    auto ledger = *open(path);
    ASSERT_TRUE(Writer<AuditEvent>(*ledger).insert(AuditEvent()));
    for (const char* change : {"delete from audit", "update audit set who = 'nobody'"}) {
        SCOPED_TRACE(change);
        const auto refused = connect(path)->run(change);
        ASSERT_FALSE(refused);
        EXPECT_THAT(refused.error().message, HasSubstr("audit events are never"));
    }
    EXPECT_EQ(*Reader<AuditEvent>(*ledger).count(), 1);
}

TEST(Migrations, GiveTheQueueItsIndexes) {
    const auto connection = connect();
    ASSERT_TRUE(migrate(*connection));

    struct Row {
        const char* query;
        const char* index;
    };

    const Row table[] = {
        {"select * from label_task where model = ?1 and turn = ?2 order by rank",
         "label_task_by_rank"},
        {"select * from label_task where model = ?1 and arm = ?2 and window_end <= ?3",
         "label_task_by_window"},
        {"select * from label_event where model = ?1 and seq > ?2 order by seq",
         "label_event_by_seq"},
        {"select * from label_event where model = ?1 and item = ?2", "label_event_by_item"},
        {"select * from example where model = ?1 and group_id = ?2", "example_by_group"},
        {"select * from turn where model = ?1 order by number desc limit 1", "turn_by_number"},
        {"select * from model_version where model = ?1 order by number desc limit 1",
         "model_version_by_number"},
        {"select * from rollout where model = ?1 order by seq desc limit 1", "rollout_by_seq"},
        {"select * from audit order by seq desc limit 1", "audit_by_seq"},
        {"select * from audit where act = ?1 order by seq desc limit 1", "audit_by_act"},
    };
    for (const auto& row : table) {
        SCOPED_TRACE(row.query);
        auto plan = *connection->prepare(std::string("explain query plan ") + row.query);
        ASSERT_TRUE(*plan.step());
        EXPECT_THAT(std::get<std::string>(plan.column(3)), HasSubstr(row.index));
    }
}

}  // namespace

}  // namespace flywheel::sqlite
