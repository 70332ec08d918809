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
#include "records/field.h"

namespace flywheel {

struct Table {
    std::string_view name;
    std::vector<std::string_view> columns;  ///< The first one is the key.
};

enum class Compare { Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual, IsNull, NotNull };

struct Term {
    std::string_view column;
    Compare compare = Compare::Equal;
    Value value;
};

struct Filter {
    std::vector<Term> terms;                               ///< All must hold.
    std::vector<std::pair<std::string_view, bool>> order;  ///< Column, descending; then the key.
    std::int64_t limit = -1;                               ///< -1 = all.
};

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
};

template <class Record>
[[nodiscard]] const Table& table_of() {
    static const Table table{Record::kTable, field_names<Record>()};
    return table;
}

/// A filter written with members: Where<LabelTask>().eq(&LabelTask::model,
/// m).order(&LabelTask::rank).
template <class Record>
class Where {
  public:
    template <class T>
    Where&& eq(T Record::* member, const std::type_identity_t<T>& value) && {
        return std::move(*this).term(member, Compare::Equal, value);
    }

    template <class T>
    Where&& ne(T Record::* member, const std::type_identity_t<T>& value) && {
        return std::move(*this).term(member, Compare::NotEqual, value);
    }

    template <class T>
    Where&& lt(T Record::* member, const std::type_identity_t<T>& value) && {
        return std::move(*this).term(member, Compare::Less, value);
    }

    template <class T>
    Where&& le(T Record::* member, const std::type_identity_t<T>& value) && {
        return std::move(*this).term(member, Compare::LessEqual, value);
    }

    template <class T>
    Where&& gt(T Record::* member, const std::type_identity_t<T>& value) && {
        return std::move(*this).term(member, Compare::Greater, value);
    }

    template <class T>
    Where&& ge(T Record::* member, const std::type_identity_t<T>& value) && {
        return std::move(*this).term(member, Compare::GreaterEqual, value);
    }

    template <class T>
    Where&& is_null(T Record::* member) && {
        filter_.terms.push_back({field_name(member), Compare::IsNull, Value()});
        return std::move(*this);
    }

    template <class T>
    Where&& not_null(T Record::* member) && {
        filter_.terms.push_back({field_name(member), Compare::NotNull, Value()});
        return std::move(*this);
    }

    template <class T>
    Where&& order(T Record::* member) && {
        filter_.order.emplace_back(field_name(member), false);
        return std::move(*this);
    }

    template <class T>
    Where&& newest(T Record::* member) && {
        filter_.order.emplace_back(field_name(member), true);
        return std::move(*this);
    }

    Where&& limit(std::int64_t rows) && {
        filter_.limit = rows;
        return std::move(*this);
    }

    [[nodiscard]] const Filter& filter() const { return filter_; }

  private:
    template <class T>
    Where&& term(T Record::* member, Compare compare, const T& value) && {
        filter_.terms.push_back({field_name(member), compare, detail::to_value(value)});
        return std::move(*this);
    }

    Filter filter_;
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
