// SPDX-License-Identifier: Apache-2.0
#include "ports/ledger/sqlite/sql_text.h"

#include <algorithm>

#include <fmt/format.h>

namespace flywheel::sqlite {

namespace {

std::string quoted(std::string_view name) {
    return fmt::format("\"{}\"", name);
}

std::string column_list(const Table& table) {
    std::string list;
    for (const auto column : table.columns) {
        list += (list.empty() ? "" : ", ") + quoted(column);
    }
    return list;
}

bool is_null(const Value& value) {
    return std::holds_alternative<std::monostate>(value);
}

std::string term_sql(const Term& term, int parameter) {
    const auto column = quoted(term.column);
    switch (term.compare) {
        case Compare::Equal:
            return is_null(term.value) ? column + " is null"
                                       : fmt::format("{} = ?{}", column, parameter);
        case Compare::NotEqual:
            // `<>` would drop rows whose column is null; they are not equal either.
            return is_null(term.value) ? column + " is not null"
                                       : fmt::format("{} is not ?{}", column, parameter);
        case Compare::Less:
            return fmt::format("{} < ?{}", column, parameter);
        case Compare::LessEqual:
            return fmt::format("{} <= ?{}", column, parameter);
        case Compare::Greater:
            return fmt::format("{} > ?{}", column, parameter);
        case Compare::GreaterEqual:
            return fmt::format("{} >= ?{}", column, parameter);
        case Compare::IsNull:
            return column + " is null";
        case Compare::NotNull:
            return column + " is not null";
    }
    return "0";
}

int parameters_of(const Filter& filter) {
    return static_cast<int>(std::count_if(filter.terms.begin(), filter.terms.end(), takes_parameter)
    );
}

std::string where_sql(const Filter& filter) {
    std::string sql;
    int parameter = 1;
    for (const auto& term : filter.terms) {
        sql += (sql.empty() ? " where " : " and ") + term_sql(term, parameter);
        parameter += takes_parameter(term) ? 1 : 0;
    }
    return sql;
}

std::string limit_sql(const Filter& filter) {
    return filter.limit < 0 ? std::string() : fmt::format(" limit ?{}", parameters_of(filter) + 1);
}

std::string order_sql(const Table& table, const Filter& filter) {
    std::string sql = " order by ";
    bool has_key = false;
    for (const auto& [column, descending] : filter.order) {
        sql += quoted(column) + (descending ? " desc, " : ", ");
        has_key = has_key || column == table.columns.front();
    }
    if (has_key) {
        sql.resize(sql.size() - 2);
        return sql;
    }
    return sql + quoted(table.columns.front());
}

}  // namespace

bool takes_parameter(const Term& term) {
    switch (term.compare) {
        case Compare::IsNull:
        case Compare::NotNull:
            return false;
        case Compare::Equal:
        case Compare::NotEqual:
            return !is_null(term.value);
        default:
            return true;
    }
}

std::string insert_sql(const Table& table) {
    std::string parameters;
    for (std::size_t i = 1; i <= table.columns.size(); ++i) {
        parameters += fmt::format("{}?{}", i == 1 ? "" : ", ", i);
    }
    return fmt::format(
        "insert into {} ({}) values ({}) on conflict ({}) do nothing",
        quoted(table.name),
        column_list(table),
        parameters,
        quoted(table.columns.front())
    );
}

std::string update_sql(const Table& table) {
    std::string settings;
    for (std::size_t i = 1; i < table.columns.size(); ++i) {
        settings += fmt::format("{}{} = ?{}", i == 1 ? "" : ", ", quoted(table.columns[i]), i + 1);
    }
    return fmt::format(
        "update {} set {} where {} = ?1",
        quoted(table.name),
        settings,
        quoted(table.columns.front())
    );
}

std::string find_sql(const Table& table) {
    return fmt::format(
        "select {} from {} where {} = ?1",
        column_list(table),
        quoted(table.name),
        quoted(table.columns.front())
    );
}

std::string select_sql(const Table& table, const Filter& filter) {
    return fmt::format(
        "select {} from {}{}{}{}",
        column_list(table),
        quoted(table.name),
        where_sql(filter),
        order_sql(table, filter),
        limit_sql(filter)
    );
}

std::string count_sql(const Table& table, const Filter& filter) {
    return fmt::format(
        "select count(*) from (select 1 from {}{}{})",
        quoted(table.name),
        where_sql(filter),
        limit_sql(filter)
    );
}

}  // namespace flywheel::sqlite
