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
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "base/id.h"
#include "base/result.h"

namespace flywheel {

/// What a column can hold: nothing, integer, real, text.
using Value = std::variant<std::monostate, std::int64_t, double, std::string>;
/// One record as values, in the order of its fields.
using Row = std::vector<Value>;

/// Canonical JSON as text, for the parts of a record that no query looks into.
struct JsonText {
    std::string text = "null";
    auto operator<=>(const JsonText&) const = default;
};

/// Enumerations name their members: `std::span<const std::string_view> names_of(E)` found by ADL,
/// in declaration order.
template <class E>
[[nodiscard]] std::string_view enum_name(E value) {
    return names_of(value)[static_cast<std::size_t>(value)];
}

template <class E>
Result<E> parse_enum(std::string_view name) {
    const auto names = names_of(E{});
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] == name) {
            return static_cast<E>(i);
        }
    }
    return invalid_argument("Unknown name: '" + std::string(name) + "'");
}

namespace detail {

std::string join_strings(const std::vector<std::string>& items);
Result<std::vector<std::string>> split_strings(const std::string& json);
std::string join_numbers(const std::vector<double>& items);
Result<std::vector<double>> split_numbers(const std::string& json);
Error wrong_column(std::string_view wanted, const Value& got);

inline Value to_value(std::int64_t v) { return v; }
inline Value to_value(bool v) { return static_cast<std::int64_t>(v); }
inline Value to_value(double v) { return v; }
inline Value to_value(const std::string& v) { return v; }
inline Value to_value(const JsonText& v) { return v.text; }
inline Value to_value(const Digest& v) { return v.hex(); }
inline Value to_value(Time v) { return static_cast<std::int64_t>(v.time_since_epoch().count()); }
inline Value to_value(const std::vector<std::string>& v) { return join_strings(v); }
inline Value to_value(const std::vector<double>& v) { return join_numbers(v); }
template <class R>
Value to_value(const Id<R>& v) {
    return v.text();
}
template <class E>
    requires std::is_enum_v<E>
Value to_value(E v) {
    return std::string(enum_name(v));
}
template <class T>
Value to_value(const std::optional<T>& v) {
    return v ? to_value(*v) : Value();
}

template <class Stored>
Result<const Stored*> stored_as(const Value& value, std::string_view wanted) {
    const auto* stored = std::get_if<Stored>(&value);
    if (stored == nullptr) {
        return wrong_column(wanted, value);
    }
    return stored;
}

inline Result<void> from_value(const Value& value, std::int64_t& out) {
    out = *TRY(stored_as<std::int64_t>(value, "an integer"));
    return {};
}
inline Result<void> from_value(const Value& value, bool& out) {
    out = *TRY(stored_as<std::int64_t>(value, "0 or 1")) != 0;
    return {};
}
inline Result<void> from_value(const Value& value, double& out) {
    if (const auto* whole = std::get_if<std::int64_t>(&value)) {
        out = static_cast<double>(*whole);
        return {};
    }
    out = *TRY(stored_as<double>(value, "a number"));
    return {};
}
inline Result<void> from_value(const Value& value, std::string& out) {
    out = *TRY(stored_as<std::string>(value, "text"));
    return {};
}
inline Result<void> from_value(const Value& value, JsonText& out) {
    out.text = *TRY(stored_as<std::string>(value, "JSON text"));
    return {};
}
inline Result<void> from_value(const Value& value, Digest& out) {
    out = TRY(Digest::parse(*TRY(stored_as<std::string>(value, "a digest"))));
    return {};
}
inline Result<void> from_value(const Value& value, Time& out) {
    out = Time(Duration(*TRY(stored_as<std::int64_t>(value, "microseconds"))));
    return {};
}
inline Result<void> from_value(const Value& value, std::vector<std::string>& out) {
    out = TRY(split_strings(*TRY(stored_as<std::string>(value, "a list of text"))));
    return {};
}
inline Result<void> from_value(const Value& value, std::vector<double>& out) {
    out = TRY(split_numbers(*TRY(stored_as<std::string>(value, "a list of numbers"))));
    return {};
}
template <class R>
Result<void> from_value(const Value& value, Id<R>& out) {
    out = TRY(Id<R>::parse(*TRY(stored_as<std::string>(value, "an id"))));
    return {};
}
template <class E>
    requires std::is_enum_v<E>
Result<void> from_value(const Value& value, E& out) {
    out = TRY(parse_enum<E>(*TRY(stored_as<std::string>(value, "a name"))));
    return {};
}
template <class T>
Result<void> from_value(const Value& value, std::optional<T>& out) {
    if (std::holds_alternative<std::monostate>(value)) {
        out.reset();
        return {};
    }
    T inner{};
    TRY(from_value(value, inner));
    out = std::move(inner);
    return {};
}

}  // namespace detail

/// The record as a row, in the order of its fields.
template <class Record>
[[nodiscard]] Row to_row(const Record& record) {
    Row row;
    Record::fields([&](std::string_view /*name*/, auto member) {
        row.push_back(detail::to_value(record.*member));
    });
    return row;
}

/// The record from a row; Corrupt names the column that does not fit.
template <class Record>
Result<Record> from_row(const Row& row) {
    Record record{};
    std::optional<Error> failure;
    std::size_t column = 0;
    Record::fields([&](std::string_view name, auto member) {
        if (failure) {
            return;
        }
        if (column >= row.size()) {
            failure = corrupt("Stored row is too short: column '" + std::string(name) + "'");
            return;
        }
        auto read = detail::from_value(row[column++], record.*member);
        if (!read) {
            failure = corrupt(
                std::string(Record::kTable) + "." + std::string(name) + ": " + read.error().message
            );
        }
    });
    if (failure) {
        return std::move(*failure);
    }
    return record;
}

/// Column names in order.
template <class Record>
[[nodiscard]] std::vector<std::string_view> field_names() {
    std::vector<std::string_view> names;
    Record::fields([&](std::string_view name, auto /*member*/) { names.push_back(name); });
    return names;
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
    const std::vector<std::string_view>& names,
    const std::vector<JsonForm>& forms,
    const Row& row
);

namespace detail {

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

/// The record as one JSON object (text): what the API and --json print. Times are RFC 3339.
template <class Record>
[[nodiscard]] std::string to_json_text(const Record& record) {
    std::vector<JsonForm> forms;
    Record::fields([&](std::string_view /*name*/, auto member) {
        forms.push_back(detail::form_of_member<Record>(member));
    });
    return row_to_json(field_names<Record>(), forms, to_row(record));
}

}  // namespace flywheel
