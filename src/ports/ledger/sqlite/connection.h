#pragma once
// SPDX-License-Identifier: Apache-2.0
// One SQLite connection with its prepared statements, and the one place that turns SQLite's result
// codes into errors. Used by the SQLite ledger only; one thread at a time.

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <sqlite3.h>

#include "base/result.h"
#include "records/field.h"

namespace flywheel::sqlite {

/// A prepared statement on loan from its connection; goes back reset when it is destroyed.
class Statement {
  public:
    Statement(sqlite3_stmt* handle, std::vector<sqlite3_stmt*>& home)
        : handle_(handle), home_(&home) {}

    Statement(Statement&& other) noexcept : handle_(other.handle_), home_(other.home_) {
        other.handle_ = nullptr;
    }

    Statement& operator=(Statement&&) = delete;
    ~Statement();

    /// Parameters count from 1. Text is not copied: `value` must outlive the steps.
    void bind(int parameter, const Value& value);
    void bind(int parameter, std::int64_t value);
    /// True: a row is there. False: done.
    Result<bool> step();
    [[nodiscard]] Value column(int index) const;
    void read_column(int index, Value& value) const;
    [[nodiscard]] Row row() const;

  private:
    sqlite3_stmt* handle_;
    std::vector<sqlite3_stmt*>* home_;
};

enum class OpenMode { ReadWrite, ReadOnly, Memory };

class Connection {
  public:
    /// Takes over an open handle; use open().
    explicit Connection(sqlite3* handle) : handle_(handle) {}

    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection();

    static Result<std::unique_ptr<Connection>> open(
        const std::filesystem::path& path, OpenMode mode, std::chrono::milliseconds busy_timeout
    );

    Result<Statement> prepare(const std::string& sql);
    /// Runs one or more statements that give no rows anyone wants.
    Result<void> run(const std::string& sql);
    /// First column of the first row; null when there is none.
    Result<Value> scalar(const std::string& sql);

    /// Rows changed by the last insert or update.
    [[nodiscard]] std::int64_t changes() const { return sqlite3_changes64(handle_); }

    /// False inside a transaction. True in what should be one: SQLite has rolled it back by itself.
    [[nodiscard]] bool autocommits() const { return sqlite3_get_autocommit(handle_) != 0; }

  private:
    sqlite3* handle_;
    std::unordered_map<std::string, std::vector<sqlite3_stmt*>> idle_;
};

/// The error of the last failed call on `handle`; its code and sentence depend on SQLite's.
[[nodiscard]] Error error_of(sqlite3* handle, int result);

}  // namespace flywheel::sqlite
