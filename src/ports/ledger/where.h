#pragma once
// SPDX-License-Identifier: Apache-2.0
// What one asks a ledger for: a table, and a filter written with the members of its record. Used
// through ledger.h.

#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

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
    Where eq(T Record::* member, const std::type_identity_t<T>& value) && {
        return std::move(*this).term(member, Compare::Equal, value);
    }

    template <class T>
    Where ne(T Record::* member, const std::type_identity_t<T>& value) && {
        return std::move(*this).term(member, Compare::NotEqual, value);
    }

    template <class T>
    Where lt(T Record::* member, const std::type_identity_t<T>& value) && {
        return std::move(*this).term(member, Compare::Less, value);
    }

    template <class T>
    Where le(T Record::* member, const std::type_identity_t<T>& value) && {
        return std::move(*this).term(member, Compare::LessEqual, value);
    }

    template <class T>
    Where gt(T Record::* member, const std::type_identity_t<T>& value) && {
        return std::move(*this).term(member, Compare::Greater, value);
    }

    template <class T>
    Where ge(T Record::* member, const std::type_identity_t<T>& value) && {
        return std::move(*this).term(member, Compare::GreaterEqual, value);
    }

    template <class T>
    Where is_null(T Record::* member) && {
        filter_.terms.push_back({field_name(member), Compare::IsNull, Value()});
        return std::move(*this);
    }

    template <class T>
    Where not_null(T Record::* member) && {
        filter_.terms.push_back({field_name(member), Compare::NotNull, Value()});
        return std::move(*this);
    }

    template <class T>
    Where order(T Record::* member) && {
        filter_.order.emplace_back(field_name(member), false);
        return std::move(*this);
    }

    template <class T>
    Where newest(T Record::* member) && {
        filter_.order.emplace_back(field_name(member), true);
        return std::move(*this);
    }

    Where limit(std::int64_t rows) && {
        filter_.limit = rows;
        return std::move(*this);
    }

    [[nodiscard]] const Filter& filter() const { return filter_; }

  private:
    template <class T>
    Where term(T Record::* member, Compare compare, const T& value) && {
        filter_.terms.push_back({field_name(member), compare, detail::to_value(value)});
        return std::move(*this);
    }

    Filter filter_;
};

}  // namespace flywheel
