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

inline Value to_value(std::int64_t v) {
    return v;
}

inline Value to_value(bool v) {
    return static_cast<std::int64_t>(v);
}

inline Value to_value(double v) {
    return v;
}

inline Value to_value(const std::string& v) {
    return v;
}

inline Value to_value(const JsonText& v) {
    return v.text;
}

inline Value to_value(const Digest& v) {
    return v.hex();
}

inline Value to_value(Time v) {
    return static_cast<std::int64_t>(v.time_since_epoch().count());
}

inline Value to_value(const std::vector<std::string>& v) {
    return join_strings(v);
}

inline Value to_value(const std::vector<double>& v) {
    return join_numbers(v);
}

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

}  // namespace flywheel
