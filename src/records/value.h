#pragma once
// SPDX-License-Identifier: Apache-2.0
// Value: what a column can hold, and how each type of field becomes one and is read back. Used by
// records/field.h, which is what others include. Pure functions, any thread.

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

Value to_value(std::int64_t v);
Value to_value(bool v);
Value to_value(double v);
Value to_value(const std::string& v);
Value to_value(const JsonText& v);
Value to_value(const Digest& v);
Value to_value(Time v);
Value to_value(const std::vector<std::string>& v);
Value to_value(const std::vector<double>& v);

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

Result<void> from_value(const Value& value, std::int64_t& out);
Result<void> from_value(const Value& value, bool& out);
Result<void> from_value(const Value& value, double& out);
Result<void> from_value(const Value& value, std::string& out);
Result<void> from_value(const Value& value, JsonText& out);
Result<void> from_value(const Value& value, Digest& out);
Result<void> from_value(const Value& value, Time& out);
Result<void> from_value(const Value& value, std::vector<std::string>& out);
Result<void> from_value(const Value& value, std::vector<double>& out);

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

}  // namespace flywheel
