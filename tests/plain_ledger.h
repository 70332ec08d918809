#pragma once
// SPDX-License-Identifier: Apache-2.0
// A ledger of plain rows in memory for tests below the SQLite adapter; transactions do nothing. One
// lock, any thread.

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "ports/ledger/ledger.h"

namespace flywheel::testing {

class PlainLedger final : public Ledger {
  public:
    Result<std::unique_ptr<Transaction>> begin() override {
        return std::unique_ptr<Transaction>(std::make_unique<Nothing>());
    }

    Result<void> insert(const Table& table, const Row& row) override {
        const std::scoped_lock lock(mutex_);
        tables_[std::string(table.name)].push_back(row);
        return {};
    }

    Result<void> update(const Table& table, const Row& row) override {
        const std::scoped_lock lock(mutex_);
        for (Row& old : tables_[std::string(table.name)]) {
            if (old.front() == row.front()) {
                old = row;
                return {};
            }
        }
        return not_found("No such row");
    }

    Result<void> each(
        const Table& table,
        const Filter& filter,
        const std::function<Result<void>(const Row&)>& visit
    ) const override {
        for (const Row& row : matching(table, filter)) {
            TRY(visit(row));
        }
        return {};
    }

    Result<std::int64_t> count(const Table& table, const Filter& filter) const override {
        return static_cast<std::int64_t>(matching(table, filter).size());
    }

  private:
    struct Nothing final : Transaction {
        Result<void> commit() override { return {}; }
    };

    static std::size_t column(const Table& table, std::string_view name) {
        const auto found = std::find(table.columns.begin(), table.columns.end(), name);
        CHECK(found != table.columns.end());
        return static_cast<std::size_t>(found - table.columns.begin());
    }

    static bool holds(const Table& table, const Term& term, const Row& row) {
        const Value& value = row[column(table, term.column)];
        const bool null = std::holds_alternative<std::monostate>(value);
        switch (term.compare) {
            case Compare::Equal:
                return value == term.value;
            case Compare::NotEqual:
                return value != term.value;
            case Compare::Less:
                return value < term.value;
            case Compare::LessEqual:
                return value <= term.value;
            case Compare::Greater:
                return value > term.value;
            case Compare::GreaterEqual:
                return value >= term.value;
            case Compare::IsNull:
                return null;
            case Compare::NotNull:
                return !null;
        }
        return false;
    }

    std::vector<Row> matching(const Table& table, const Filter& filter) const {
        const std::scoped_lock lock(mutex_);
        std::vector<Row> rows;
        const auto found = tables_.find(std::string(table.name));
        for (const Row& row : found == tables_.end() ? std::vector<Row>() : found->second) {
            if (std::all_of(filter.terms.begin(), filter.terms.end(), [&](const Term& term) {
                    return holds(table, term, row);
                })) {
                rows.push_back(row);
            }
        }
        std::stable_sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) {
            for (const auto& [name, descending] : filter.order) {
                const std::size_t at = column(table, name);
                if (a[at] != b[at]) {
                    return descending ? b[at] < a[at] : a[at] < b[at];
                }
            }
            return a.front() < b.front();
        });
        if (filter.limit >= 0 && rows.size() > static_cast<std::size_t>(filter.limit)) {
            rows.resize(static_cast<std::size_t>(filter.limit));
        }
        return rows;
    }

    mutable std::mutex mutex_;
    std::map<std::string, std::vector<Row>> tables_;
};

}  // namespace flywheel::testing
