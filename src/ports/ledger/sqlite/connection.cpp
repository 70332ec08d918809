// SPDX-License-Identifier: Apache-2.0
#include "ports/ledger/sqlite/connection.h"

#include <fmt/format.h>
#include <sys/statvfs.h>

namespace flywheel::sqlite {

namespace {

struct Meaning {
    Code code;
    const char* sentence;
};

Meaning constraint_meaning(int extended) {
    switch (extended) {
        case SQLITE_CONSTRAINT_UNIQUE:
        case SQLITE_CONSTRAINT_PRIMARYKEY:
            return {Code::Conflict, "Another row of the ledger has these values already"};
        case SQLITE_CONSTRAINT_TRIGGER:
            return {Code::Conflict, "The ledger forbids this change"};
        default:
            return {Code::InvalidArgument, "The row does not fit its table in the ledger"};
    }
}

Meaning meaning_of(int extended) {
    switch (extended & 0xFF) {
        case SQLITE_FULL:
            return {
                Code::Unavailable,
                "The disk is full and the ledger was not written; free some space"
            };
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return {
                Code::Unavailable,
                "Another process holds the ledger's lock; try again when it is done"
            };
        case SQLITE_READONLY:
        case SQLITE_PERM:
            return {
                Code::Unavailable, "The ledger cannot be written; check the rights of its directory"
            };
        case SQLITE_CANTOPEN:
            return {
                Code::Unavailable,
                "The ledger cannot be opened; check that its directory exists and its rights"
            };
        case SQLITE_IOERR:
            return {Code::Unavailable, "Reading or writing the ledger failed; check the disk"};
        case SQLITE_NOMEM:
            return {Code::Exhausted, "No memory left for the ledger"};
        case SQLITE_CORRUPT:
            return {Code::Corrupt, "The ledger is damaged; restore it from a backup"};
        case SQLITE_NOTADB:
            return {Code::Corrupt, "The file is not a ledger; restore it from a backup"};
        case SQLITE_TOOBIG:
            return {Code::InvalidArgument, "A value is too large for the ledger"};
        case SQLITE_CONSTRAINT:
            return constraint_meaning(extended);
        default:
            return {Code::Internal, "The ledger refused a statement"};
    }
}

/// A full disk also shows as a failed read or write: of the -shm file, which the ledger's readers
/// need.
bool disk_is_full(sqlite3* handle) {
    constexpr std::uint64_t kShmBytes = 32 * 1024;
    const char* file = handle == nullptr ? nullptr : sqlite3_db_filename(handle, "main");
    struct statvfs disk{};
    return file != nullptr && statvfs(file, &disk) == 0 &&
           std::uint64_t{disk.f_bavail} * disk.f_frsize < kShmBytes;
}

Result<void> configure(sqlite3* handle, std::chrono::milliseconds busy_timeout) {
    sqlite3_extended_result_codes(handle, 1);
    sqlite3_busy_timeout(handle, static_cast<int>(busy_timeout.count()));
    // A misspelt column in double quotes would silently become a text constant.
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    return {};
}

}  // namespace

Error error_of(sqlite3* handle, int result) {
    const int extended = handle == nullptr ? result : sqlite3_extended_errcode(handle);
    const bool full = (extended & 0xFF) == SQLITE_IOERR && disk_is_full(handle);
    const Meaning meaning = meaning_of(full ? SQLITE_FULL : extended);
    const char* detail = handle == nullptr ? sqlite3_errstr(result) : sqlite3_errmsg(handle);
    return make_error(
        meaning.code, fmt::format("{}: {} (SQLite {})", meaning.sentence, detail, extended)
    );
}

Statement::~Statement() {
    if (handle_ != nullptr) {
        sqlite3_reset(handle_);
        sqlite3_clear_bindings(handle_);
        home_->push_back(handle_);
    }
}

void Statement::bind(int parameter, std::int64_t value) {
    CHECK(sqlite3_bind_int64(handle_, parameter, value) == SQLITE_OK);
}

void Statement::bind(int parameter, const Value& value) {
    int result = SQLITE_OK;
    if (const auto* whole = std::get_if<std::int64_t>(&value)) {
        result = sqlite3_bind_int64(handle_, parameter, *whole);
    } else if (const auto* real = std::get_if<double>(&value)) {
        result = sqlite3_bind_double(handle_, parameter, *real);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
        result = sqlite3_bind_text64(
            handle_, parameter, text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8
        );
    } else {
        result = sqlite3_bind_null(handle_, parameter);
    }
    // Too long a text is reported by the step; anything else is a wrong parameter number.
    CHECK(result == SQLITE_OK || result == SQLITE_TOOBIG);
}

Result<bool> Statement::step() {
    const int result = sqlite3_step(handle_);
    if (result == SQLITE_ROW) {
        return true;
    }
    if (result == SQLITE_DONE) {
        return false;
    }
    return error_of(sqlite3_db_handle(handle_), result);
}

void Statement::read_column(int index, Value& value) const {
    switch (sqlite3_column_type(handle_, index)) {
        case SQLITE_INTEGER:
            value.emplace<std::int64_t>(sqlite3_column_int64(handle_, index));
            return;
        case SQLITE_FLOAT:
            value.emplace<double>(sqlite3_column_double(handle_, index));
            return;
        case SQLITE_NULL:
            value.emplace<std::monostate>();
            return;
        default:
            break;
    }
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(handle_, index));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_, index));
    auto& text = value.emplace<std::string>();
    if (bytes != nullptr) {
        text.assign(bytes, size);
    }
}

Value Statement::column(int index) const {
    Value value;
    read_column(index, value);
    return value;
}

Row Statement::row() const {
    const int columns = sqlite3_column_count(handle_);
    Row row(static_cast<std::size_t>(columns));
    for (int i = 0; i < columns; ++i) {
        read_column(i, row[static_cast<std::size_t>(i)]);
    }
    return row;
}

Connection::~Connection() {
    for (auto& [sql, statements] : idle_) {
        for (auto* statement : statements) {
            sqlite3_finalize(statement);
        }
    }
    sqlite3_close_v2(handle_);
}

Result<std::unique_ptr<Connection>> Connection::open(
    const std::filesystem::path& path, OpenMode mode, std::chrono::milliseconds busy_timeout
) {
    const int access = mode == OpenMode::ReadOnly ? SQLITE_OPEN_READONLY
                                                  : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    const std::string name = mode == OpenMode::Memory ? ":memory:" : path.string();
    sqlite3* handle = nullptr;
    const int result =
        sqlite3_open_v2(name.c_str(), &handle, access | SQLITE_OPEN_NOMUTEX, nullptr);
    // The handle must be closed even when opening failed.
    auto connection = std::make_unique<Connection>(handle);
    if (result != SQLITE_OK) {
        return error_of(handle, result).within(name);
    }
    TRY(configure(handle, busy_timeout));
    return connection;
}

Result<Statement> Connection::prepare(const std::string& sql) {
    auto& home = idle_[sql];
    if (!home.empty()) {
        auto* handle = home.back();
        home.pop_back();
        return Statement(handle, home);
    }
    sqlite3_stmt* handle = nullptr;
    const int result = sqlite3_prepare_v3(
        handle_,
        sql.data(),
        static_cast<int>(sql.size()),
        SQLITE_PREPARE_PERSISTENT,
        &handle,
        nullptr
    );
    if (result != SQLITE_OK) {
        return error_of(handle_, result);
    }
    return Statement(handle, home);
}

Result<void> Connection::run(const std::string& sql) {
    const int result = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
    if (result != SQLITE_OK) {
        return error_of(handle_, result);
    }
    return {};
}

Result<Value> Connection::scalar(const std::string& sql) {
    auto statement = TRY(prepare(sql));
    Value value;
    if (TRY(statement.step())) {
        statement.read_column(0, value);
    }
    return value;
}

}  // namespace flywheel::sqlite
