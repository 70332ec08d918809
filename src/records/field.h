#pragma once
// SPDX-License-Identifier: Apache-2.0
// How a record says what it is made of: one `fields(visitor)` per struct. The ledger stores it, the
// API prints it and a test compares it with the tables, all from this one list.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "base/id.h"
#include "base/result.h"
#include "records/value.h"

namespace flywheel {

/// What rows and JSON need of one record. Compiled once a record, in records.cpp: each record's
/// header says `extern template struct RecordCodec<R>`, which spares every other file a third of
/// its time.
template <class Record>
struct RecordCodec {
    static Row to_row(const Record& record);
    static Result<Record> from_row(const Row& row);
    static std::string to_json_text(const Record& record);
    static std::vector<std::string_view> names();
};

/// The record as a row, in the order of its fields.
template <class Record>
[[nodiscard]] Row to_row(const Record& record) {
    return RecordCodec<Record>::to_row(record);
}

/// The record from a row; Corrupt names the column that does not fit.
template <class Record>
Result<Record> from_row(const Row& row) {
    return RecordCodec<Record>::from_row(row);
}

/// Column names in order.
template <class Record>
[[nodiscard]] std::vector<std::string_view> field_names() {
    return RecordCodec<Record>::names();
}

/// The record as one JSON object (text): what the API and --json print. Times are RFC 3339.
template <class Record>
[[nodiscard]] std::string to_json_text(const Record& record) {
    return RecordCodec<Record>::to_json_text(record);
}

/// The column of a member, e.g. field_name(&LabelTask::rank) == "rank".
template <class Record, class T>
[[nodiscard]] std::string_view field_name(T Record::* wanted) {
    std::string_view found;
    Record::fields([&](std::string_view name, auto member) {
        if constexpr (std::is_same_v<decltype(member), T Record::*>) {
            if (member == wanted) {
                found = name;
            }
        }
    });
    return found;
}

/// How a column reads as JSON.
enum class JsonForm { Plain, Bool, Timestamp, Nested };

/// One row as one JSON object (text), keys sorted.
[[nodiscard]] std::string row_to_json(
    const std::vector<std::string_view>& names, const std::vector<JsonForm>& forms, const Row& row
);

namespace detail {

/// Walks a row beside a record's fields and keeps the first failure.
class RowReading {
  public:
    RowReading(const Row& row, std::string_view table) : row_(row), table_(table) {}

    /// The next column's value; nullptr after a failure, which a row that is too short is.
    const Value* next(std::string_view name);
    void took(std::string_view name, const Result<void>& read);

    [[nodiscard]] std::optional<Error> failure() && { return std::move(failure_); }

  private:
    const Row& row_;
    std::string_view table_;
    std::size_t column_ = 0;
    std::optional<Error> failure_;
};

template <class T>
[[nodiscard]] constexpr JsonForm json_form() {
    if constexpr (std::is_same_v<T, bool>) {
        return JsonForm::Bool;
    } else if constexpr (std::is_same_v<T, Time> || std::is_same_v<T, std::optional<Time>>) {
        return JsonForm::Timestamp;
    } else if constexpr (std::is_same_v<T, JsonText> || std::is_same_v<T, std::vector<double>> ||
                         std::is_same_v<T, std::vector<std::string>>) {
        return JsonForm::Nested;
    } else {
        return JsonForm::Plain;
    }
}

template <class Record, class T>
constexpr JsonForm form_of_member(T Record::* /*member*/) {
    return json_form<T>();
}

}  // namespace detail

template <class Record>
Row RecordCodec<Record>::to_row(const Record& record) {
    Row row;
    Record::fields([&](std::string_view /*name*/, auto member) {
        row.push_back(detail::to_value(record.*member));
    });
    return row;
}

template <class Record>
Result<Record> RecordCodec<Record>::from_row(const Row& row) {
    Record record{};
    detail::RowReading reading(row, Record::kTable);
    Record::fields([&](std::string_view name, auto member) {
        if (const Value* value = reading.next(name)) {
            reading.took(name, detail::from_value(*value, record.*member));
        }
    });
    if (auto failure = std::move(reading).failure()) {
        return std::move(*failure);
    }
    return record;
}

template <class Record>
std::string RecordCodec<Record>::to_json_text(const Record& record) {
    std::vector<JsonForm> forms;
    Record::fields([&](std::string_view /*name*/, auto member) {
        forms.push_back(detail::form_of_member<Record>(member));
    });
    return row_to_json(names(), forms, to_row(record));
}

template <class Record>
std::vector<std::string_view> RecordCodec<Record>::names() {
    std::vector<std::string_view> names;
    Record::fields([&](std::string_view name, auto /*member*/) { names.push_back(name); });
    return names;
}

}  // namespace flywheel
