// SPDX-License-Identifier: Apache-2.0
#include "ports/ledger/sqlite/migrations.h"

#include <array>
#include <string>

#include <fmt/format.h>

#include "ports/ledger/sqlite/connection.h"

namespace flywheel::sqlite {

namespace {

// "FWHL": tells a ledger from any other SQLite file (pragma application_id).
constexpr std::int64_t kApplicationId = 0x4657484C;

Result<std::int64_t> number_from(Connection& connection, const std::string& sql) {
    const Value value = TRY(connection.scalar(sql));
    const auto* number = std::get_if<std::int64_t>(&value);
    return number == nullptr ? 0 : *number;
}

/// Refuses files of other programs; an empty file is a ledger to be.
Result<void> check_kind(Connection& connection) {
    const auto id = TRY(number_from(connection, "pragma application_id"));
    const auto tables = TRY(number_from(connection, "select count(*) from sqlite_master"));
    if (id == kApplicationId || (id == 0 && tables == 0)) {
        return {};
    }
    return corrupt(fmt::format(
        "The file is an SQLite database but not a ledger; name another file: application id {}, {} "
        "tables and indexes",
        id,
        tables
    ));
}

Result<std::int64_t> applied_number(Connection& connection) {
    const auto has_table = TRY(number_from(
        connection,
        "select count(*) from sqlite_master where type = 'table' and name = 'schema_migrations'"
    ));
    return has_table == 0 ? 0
                          : number_from(connection, "select max(number) from schema_migrations");
}

Result<void> apply(Connection& connection, const Migration& migration) {
    TRY(connection.run("begin immediate"));
    // Another process may have run it while this one waited for the lock.
    const auto applied = TRY(applied_number(connection));
    if (applied >= migration.number) {
        return connection.run("rollback");
    }
    const auto script = fmt::format(
        "pragma application_id = {};\n"
        "create table if not exists schema_migrations (number integer primary key, name text not "
        "null) strict;\n"
        "{}\n"
        "insert into schema_migrations (number, name) values ({}, '{}');\n"
        "commit",
        kApplicationId,
        migration.sql,
        migration.number,
        migration.name
    );
    auto done = connection.run(script);
    if (!done && !connection.autocommits()) {
        // The first error is the one to tell.
        static_cast<void>(connection.run("rollback"));
    }
    return std::move(done).within(
        fmt::format("migration {:04} {}", migration.number, migration.name)
    );
}

}  // namespace

std::span<const Migration> migrations() {
    static const std::array<Migration, 5> kAll = {
        {{1, "records", kMigration0001Records},
         {2, "api_keys", kMigration0002ApiKeys},
         {3, "operations", kMigration0005Operations},
         {4, "rollout_events", kMigration0004RolloutEvents},
         {5, "second_answers", kMigration0006SecondAnswers}}
    };
    return kAll;
}

Result<void> migrate(Connection& connection) {
    TRY(check_kind(connection));
    const auto applied = TRY(applied_number(connection));
    const auto known = migrations().back().number;
    if (applied > known) {
        return make_error(
            Code::Conflict,
            fmt::format(
                "The ledger was written by a newer program; update this one: ledger version {}, "
                "known up to {}",
                applied,
                known
            )
        );
    }
    for (const auto& migration : migrations()) {
        if (migration.number > applied) {
            TRY(apply(connection, migration));
        }
    }
    return {};
}

}  // namespace flywheel::sqlite
