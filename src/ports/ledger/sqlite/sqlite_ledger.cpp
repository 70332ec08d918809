// SPDX-License-Identifier: Apache-2.0
#include "ports/ledger/sqlite/sqlite_ledger.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "ports/ledger/sqlite/connection.h"
#include "ports/ledger/sqlite/migrations.h"
#include "ports/ledger/sqlite/read_pool.h"
#include "ports/ledger/sqlite/sql_text.h"
#include "ports/ledger/sqlite/write_gate.h"

namespace flywheel::sqlite {

namespace {

struct WriteSql {
    std::vector<std::string> columns;  ///< It was made for these.
    std::string insert;
    std::string update;
    std::string find;
};

Result<Statement> bound(Connection& connection, const std::string& sql, const Filter& filter) {
    auto statement = TRY(connection.prepare(sql));
    int parameter = 1;
    for (const auto& term : filter.terms) {
        if (takes_parameter(term)) {
            statement.bind(parameter++, term.value);
        }
    }
    if (filter.limit >= 0) {
        statement.bind(parameter, filter.limit);
    }
    return statement;
}

std::string text_of(const Value& value) {
    if (const auto* text = std::get_if<std::string>(&value)) {
        return *text;
    }
    const auto* number = std::get_if<std::int64_t>(&value);
    return number == nullptr ? "?" : std::to_string(*number);
}

/// SQLite would store a NaN as null, and a key it never sees again.
Result<void> check_row(const Table& table, const Row& row) {
    CHECK(!table.columns.empty() && row.size() == table.columns.size());
    for (std::size_t i = 0; i < row.size(); ++i) {
        const auto* real = std::get_if<double>(&row[i]);
        if (real != nullptr && std::isnan(*real)) {
            return invalid_argument(fmt::format(
                "A NaN cannot be stored in the ledger: {} {}, column {}",
                table.name,
                text_of(row[0]),
                table.columns[i]
            ));
        }
    }
    return {};
}

class SqliteLedger;

/// Begun outside any other: BEGIN and COMMIT. Inside: a savepoint, so that dropping it undoes its
/// own writes only.
class SqliteTransaction final : public Transaction {
  public:
    SqliteTransaction(SqliteLedger& ledger, int depth) : ledger_(ledger), depth_(depth) {}

    ~SqliteTransaction() override;

    Result<void> commit() override;

  private:
    SqliteLedger& ledger_;
    int depth_;
    bool ended_ = false;
};

class SqliteLedger final : public Ledger {
  public:
    SqliteLedger(std::unique_ptr<Connection> writer, std::unique_ptr<ReadPool> readers)
        : writer_(std::move(writer)), readers_(std::move(readers)) {}

    Result<std::unique_ptr<Transaction>> begin() override;
    Result<void> insert(const Table& table, const Row& row) override;
    Result<void> update(const Table& table, const Row& row) override;
    Result<void> each(
        const Table& table,
        const Filter& filter,
        const std::function<Result<void>(const Row&)>& visit
    ) const override;
    Result<std::int64_t> count(const Table& table, const Filter& filter) const override;
    Result<void> scrub() override;

    Result<void> commit(int depth);
    void roll_back(int depth);

  private:
    const WriteSql& sql_of(const Table& table);
    Result<void> write_allowed() const;
    Result<void> step_write(Statement& statement, const Table& table, const Row& row);
    Result<void> compare_with_stored(const WriteSql& sql, const Table& table, const Row& row);
    /// A savepoint or its end; the statement is prepared once for each depth.
    Result<void> step_control(const std::string& sql);

    /// In a transaction of this thread, and always in memory: on the writing connection.
    [[nodiscard]] bool reads_on_writer() const { return readers_ == nullptr || gate_.is_mine(); }

    Result<std::vector<Row>> collect(const Table& table, const Filter& filter) const;

    mutable WriteGate gate_;
    std::unique_ptr<Connection> writer_;  ///< Behind gate_, as are the three below.
    std::map<std::string, WriteSql, std::less<>> write_sql_;
    int depth_ = 0;                ///< Transactions open on writer_.
    std::optional<Error> broken_;  ///< Why SQLite itself rolled back the open transaction.
    std::unique_ptr<ReadPool>
        readers_;  ///< Null in memory. Destroyed first: the last to close is the writer.
};

SqliteTransaction::~SqliteTransaction() {
    if (!ended_) {
        ledger_.roll_back(depth_);
    }
}

Result<void> SqliteTransaction::commit() {
    CHECK(!ended_);
    ended_ = true;
    return ledger_.commit(depth_);
}

const WriteSql& SqliteLedger::sql_of(const Table& table) {
    const auto found = write_sql_.find(table.name);
    if (found != write_sql_.end() && std::equal(
                                         table.columns.begin(),
                                         table.columns.end(),
                                         found->second.columns.begin(),
                                         found->second.columns.end()
                                     )) {
        return found->second;
    }
    auto& sql = write_sql_[std::string(table.name)];
    sql.columns.assign(table.columns.begin(), table.columns.end());
    sql.insert = insert_sql(table);
    sql.update = update_sql(table);
    sql.find = find_sql(table);
    return sql;
}

Result<void> SqliteLedger::step_control(const std::string& sql) {
    auto statement = TRY(writer_->prepare(sql));
    TRY(statement.step());
    return {};
}

Result<std::unique_ptr<Transaction>> SqliteLedger::begin() {
    gate_.enter();
    auto begun =
        broken_
            ? Result<void>(*broken_)
            : step_control(depth_ == 0 ? "begin immediate" : fmt::format("savepoint s{}", depth_));
    if (!begun) {
        gate_.leave();
        return std::move(begun).error();
    }
    return std::unique_ptr<Transaction>(std::make_unique<SqliteTransaction>(*this, depth_++));
}

Result<void> SqliteLedger::commit(int depth) {
    CHECK(gate_.is_mine() && depth + 1 == depth_);
    auto done = broken_ ? Result<void>(*broken_)
                        : step_control(depth == 0 ? "commit" : fmt::format("release s{}", depth));
    if (!done) {
        const Error why = done.error();
        roll_back(depth);
        return why;
    }
    --depth_;
    gate_.leave();
    return {};
}

void SqliteLedger::roll_back(int depth) {
    CHECK(gate_.is_mine() && depth + 1 == depth_);
    // SQLite may have rolled back all of it by itself (disk full): then there is nothing left to
    // undo, and a failed rollback leaves a transaction that the next begin will report.
    if (!writer_->autocommits()) {
        const auto sql = depth == 0 ? std::string("rollback")
                                    : fmt::format("rollback to s{0}; release s{0}", depth);
        static_cast<void>(writer_->run(sql));
    }
    --depth_;
    if (depth_ == 0) {
        broken_.reset();
    }
    gate_.leave();
}

Result<void> SqliteLedger::write_allowed() const {
    if (broken_) {
        return *broken_;
    }
    return {};
}

Result<void> SqliteLedger::step_write(Statement& statement, const Table& table, const Row& row) {
    auto stepped = statement.step();
    if (stepped) {
        return {};
    }
    auto error =
        std::move(stepped).error().within(fmt::format("{} {}", table.name, text_of(row[0])));
    if (depth_ > 0 && writer_->autocommits()) {
        broken_ = error;
    }
    return error;
}

Result<void> SqliteLedger::compare_with_stored(
    const WriteSql& sql, const Table& table, const Row& row
) {
    auto statement = TRY(writer_->prepare(sql.find));
    statement.bind(1, row[0]);
    if (TRY(statement.step()) && statement.row() == row) {
        return {};
    }
    return make_error(
        Code::Conflict,
        fmt::format(
            "A row with this key but other values is in the ledger: {} {}",
            table.name,
            text_of(row[0])
        )
    );
}

Result<void> SqliteLedger::insert(const Table& table, const Row& row) {
    TRY(check_row(table, row));
    const GatePass pass(gate_);
    TRY(write_allowed());
    const WriteSql& sql = sql_of(table);
    {
        auto statement = TRY(writer_->prepare(sql.insert));
        for (std::size_t i = 0; i < row.size(); ++i) {
            statement.bind(static_cast<int>(i) + 1, row[i]);
        }
        TRY(step_write(statement, table, row));
    }
    return writer_->changes() == 1 ? Result<void>() : compare_with_stored(sql, table, row);
}

Result<void> SqliteLedger::update(const Table& table, const Row& row) {
    TRY(check_row(table, row));
    const GatePass pass(gate_);
    TRY(write_allowed());
    auto statement = TRY(writer_->prepare(sql_of(table).update));
    for (std::size_t i = 0; i < row.size(); ++i) {
        statement.bind(static_cast<int>(i) + 1, row[i]);
    }
    TRY(step_write(statement, table, row));
    if (writer_->changes() == 0) {
        return not_found(
            fmt::format("No such row to update in the ledger: {} {}", table.name, text_of(row[0]))
        );
    }
    return {};
}

Result<std::vector<Row>> SqliteLedger::collect(const Table& table, const Filter& filter) const {
    const GatePass pass(gate_);
    auto statement = TRY(bound(*writer_, select_sql(table, filter), filter));
    std::vector<Row> rows;
    while (TRY(statement.step())) {
        rows.push_back(statement.row());
    }
    return rows;
}

Result<void> SqliteLedger::each(
    const Table& table, const Filter& filter, const std::function<Result<void>(const Row&)>& visit
) const {
    if (reads_on_writer()) {
        // Collected first: `visit` may write to the same table on the same connection.
        for (const Row& row : TRY(collect(table, filter))) {
            TRY(visit(row));
        }
        return {};
    }
    auto connection = TRY(readers_->take());
    const auto stream = [&]() -> Result<void> {
        auto statement = TRY(bound(*connection, select_sql(table, filter), filter));
        while (TRY(statement.step())) {
            TRY(visit(statement.row()));
        }
        return {};
    };
    auto done = stream();
    readers_->give_back(std::move(connection));
    return done;
}

Result<std::int64_t> SqliteLedger::count(const Table& table, const Filter& filter) const {
    const auto read = [&](Connection& connection) -> Result<std::int64_t> {
        auto statement = TRY(bound(connection, count_sql(table, filter), filter));
        CHECK(TRY(statement.step()));
        return std::get<std::int64_t>(statement.column(0));
    };
    if (reads_on_writer()) {
        const GatePass pass(gate_);
        return read(*writer_);
    }
    auto connection = TRY(readers_->take());
    auto rows = read(*connection);
    readers_->give_back(std::move(connection));
    return rows;
}

Result<void> SqliteLedger::scrub() {
    const GatePass pass(gate_);
    CHECK(depth_ == 0);
    TRY(writer_->run("vacuum"));
    // 0: the log is in the file now and empty; 1: a reader still needs it.
    const Value busy = TRY(writer_->scalar("pragma wal_checkpoint(truncate)"));
    if (const auto* number = std::get_if<std::int64_t>(&busy); number != nullptr && *number != 0) {
        return make_error(
            Code::Unavailable,
            "Somebody still reads an older state of the ledger, so its log was kept; try again"
        );
    }
    return {};
}

Result<void> prepare_file(Connection& writer, const Options& options) {
    // One pragma each: the journal mode answers with a row.
    const Value mode = TRY(writer.scalar("pragma journal_mode = wal"));
    const auto* name = std::get_if<std::string>(&mode);
    if (name == nullptr || *name != "wal") {
        return make_error(
            Code::Unavailable,
            fmt::format(
                "The file system of the ledger has no shared memory for its log; use a local disk: "
                "journal mode {}",
                text_of(mode)
            )
        );
    }
    TRY(
        writer.run("pragma synchronous = full; pragma journal_size_limit = 67108864; pragma "
                   "cache_size = -65536")
    );
    // What an update replaces is overwritten in the page, not left behind in it.
    TRY(writer.scalar("pragma secure_delete = on"));
    if (options.pages_max > 0) {
        TRY(writer.run(fmt::format("pragma max_page_count = {}", options.pages_max)));
    }
    return {};
}

}  // namespace

Result<std::unique_ptr<Ledger>> open(const std::filesystem::path& path, const Options& options) {
    const auto ready = [&]() -> Result<std::unique_ptr<Connection>> {
        auto writer = TRY(Connection::open(path, OpenMode::ReadWrite, options.busy_timeout));
        TRY(prepare_file(*writer, options));
        TRY(migrate(*writer));
        return writer;
    };
    auto writer = TRY(ready().within(path.string()));
    auto readers = std::make_unique<ReadPool>(path, options.busy_timeout);
    return std::unique_ptr<Ledger>(
        std::make_unique<SqliteLedger>(std::move(writer), std::move(readers))
    );
}

Result<std::unique_ptr<Ledger>> open_in_memory() {
    auto writer = TRY(Connection::open({}, OpenMode::Memory, std::chrono::milliseconds(0)));
    TRY(migrate(*writer));
    return std::unique_ptr<Ledger>(std::make_unique<SqliteLedger>(std::move(writer), nullptr));
}

}  // namespace flywheel::sqlite
