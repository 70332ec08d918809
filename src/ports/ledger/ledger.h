#pragma once
// SPDX-License-Identifier: Apache-2.0
// The ledger: what the loop needs row by row, in transactions. Rooms see it only as Reader<Record>
// and Writer<Record>; adapters (sqlite) implement Ledger. Any thread may call; a transaction
// belongs to the thread that began it, and others that write wait for its end.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "ports/ledger/where.h"
#include "records/field.h"

namespace flywheel {

class Transaction {
  public:
    Transaction() = default;
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    virtual ~Transaction() = default;  ///< Without commit(): everything is undone.

    virtual Result<void> commit() = 0;
};

class Ledger {
  public:
    Ledger() = default;
    Ledger(const Ledger&) = delete;
    Ledger& operator=(const Ledger&) = delete;
    virtual ~Ledger() = default;

    /// All writes of this thread until commit() become one. Begun inside another transaction of the
    /// same thread, it joins that one (its commit then does nothing).
    virtual Result<std::unique_ptr<Transaction>> begin() = 0;
    /// Adds a row. The same key with the same values: no effect. With other values: Conflict.
    virtual Result<void> insert(const Table& table, const Row& row) = 0;
    /// Replaces the row with this key; NotFound when there is none.
    virtual Result<void> update(const Table& table, const Row& row) = 0;
    /// Calls `visit` with each matching row, in order, until it returns an error.
    virtual Result<void> each(
        const Table& table,
        const Filter& filter,
        const std::function<Result<void>(const Row&)>& visit
    ) const = 0;
    virtual Result<std::int64_t> count(const Table& table, const Filter& filter) const = 0;

    /// What was replaced is in none of its files any more when this returns: no free page and no
    /// log keeps it. Rewrites all of it, so it is for erasing only. Not inside a transaction.
    /// Unavailable when somebody still reads an older state: try again.
    virtual Result<void> scrub() { return {}; }
};

/// Reads one kind of record.
template <class Record>
class Reader {
  public:
    explicit Reader(const Ledger& ledger) : ledger_(&ledger) {}

    Result<std::vector<Record>> select(const Where<Record>& where = {}) const {
        std::vector<Record> records;
        TRY(ledger_->each(table_of<Record>(), where.filter(), [&](const Row& row) -> Result<void> {
            records.push_back(TRY(from_row<Record>(row)));
            return {};
        }));
        return records;
    }

    /// The first match, or nothing.
    Result<std::optional<Record>> first(Where<Record> where) const {
        auto records = TRY(select(std::move(where).limit(1)));
        return records.empty() ? std::optional<Record>() : std::move(records.front());
    }

    /// By key; nothing when there is none.
    template <class Key>
    Result<std::optional<Record>> find(const Key& key) const {
        return first(Where<Record>().eq(&Record::id, key));
    }

    /// By key; NotFound names it.
    template <class Key>
    Result<Record> get(const Key& key) const {
        auto found = TRY(find(key));
        if (!found) {
            const Value text = detail::to_value(key);
            return not_found(
                "No such " + std::string(Record::kTable) + ": " + std::get<std::string>(text)
            );
        }
        return std::move(*found);
    }

    /// Calls `visit(const Record&) -> Result<void>` with each match, without keeping them.
    template <class Visit>
    Result<void> each(const Where<Record>& where, Visit&& visit) const {
        return ledger_->each(
            table_of<Record>(),
            where.filter(),
            [&](const Row& row) -> Result<void> { return visit(TRY(from_row<Record>(row))); }
        );
    }

    Result<std::int64_t> count(const Where<Record>& where = {}) const {
        return ledger_->count(table_of<Record>(), where.filter());
    }

  private:
    const Ledger* ledger_;
};

/// Writes one kind of record. Only the room that owns the record takes one in its constructor.
template <class Record>
class Writer {
  public:
    explicit Writer(Ledger& ledger) : ledger_(&ledger) {}

    /// Adds it; the same again has no effect; another record with its key is a Conflict.
    Result<void> insert(const Record& record) const {
        return ledger_->insert(table_of<Record>(), to_row(record));
    }

    Result<void> update(const Record& record) const {
        return ledger_->update(table_of<Record>(), to_row(record));
    }

    [[nodiscard]] Reader<Record> reader() const { return Reader<Record>(*ledger_); }

    /// One transaction for several writes.
    Result<std::unique_ptr<Transaction>> begin() const { return ledger_->begin(); }

  private:
    Ledger* ledger_;
};

}  // namespace flywheel
