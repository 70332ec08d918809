// SPDX-License-Identifier: Apache-2.0
#include "records/field.h"

#include <array>
#include <limits>

#include "base/json_value.h"

namespace flywheel {

namespace detail {

namespace {

/// An item of a stored list; null stands for a number that was not finite.
template <class T>
std::optional<T> item_as(const Json& item) {
    if constexpr (std::is_same_v<T, std::string>) {
        return item.is_string() ? std::optional<T>(item.get<T>()) : std::nullopt;
    } else {
        if (item.is_null()) {
            return std::numeric_limits<T>::quiet_NaN();
        }
        return item.is_number() ? std::optional<T>(item.get<T>()) : std::nullopt;
    }
}

template <class T>
Result<std::vector<T>> split(const std::string& json) {
    const Json list = TRY(parse_json(json));
    std::vector<T> items;
    if (!list.is_array()) {
        return corrupt("Stored list is not a JSON array");
    }
    for (const auto& item : list) {
        auto read = item_as<T>(item);
        if (!read) {
            return corrupt("Stored list has an item of the wrong type");
        }
        items.push_back(std::move(*read));
    }
    return items;
}

}  // namespace

std::string join_strings(const std::vector<std::string>& items) {
    return canonical(Json(items));
}

std::string join_numbers(const std::vector<double>& items) {
    return canonical(Json(items));
}

Result<std::vector<std::string>> split_strings(const std::string& json) {
    return split<std::string>(json);
}

Result<std::vector<double>> split_numbers(const std::string& json) {
    return split<double>(json);
}

Error wrong_column(std::string_view wanted, const Value& got) {
    constexpr std::array<std::string_view, 4> kKinds = {"null", "an integer", "a real", "text"};
    return corrupt(
        "expected " + std::string(wanted) + ", got " + std::string(kKinds.at(got.index()))
    );
}

Value to_value(std::int64_t v) {
    return v;
}

Value to_value(bool v) {
    return static_cast<std::int64_t>(v);
}

Value to_value(double v) {
    return v;
}

Value to_value(const std::string& v) {
    return v;
}

Value to_value(const JsonText& v) {
    return v.text;
}

Value to_value(const Digest& v) {
    return v.hex();
}

Value to_value(Time v) {
    return micros(v);
}

Value to_value(const std::vector<std::string>& v) {
    return join_strings(v);
}

Value to_value(const std::vector<double>& v) {
    return join_numbers(v);
}

Result<void> from_value(const Value& value, std::int64_t& out) {
    out = *TRY(stored_as<std::int64_t>(value, "an integer"));
    return {};
}

Result<void> from_value(const Value& value, bool& out) {
    out = *TRY(stored_as<std::int64_t>(value, "0 or 1")) != 0;
    return {};
}

Result<void> from_value(const Value& value, double& out) {
    if (const auto* whole = std::get_if<std::int64_t>(&value)) {
        out = static_cast<double>(*whole);
        return {};
    }
    out = *TRY(stored_as<double>(value, "a number"));
    return {};
}

Result<void> from_value(const Value& value, std::string& out) {
    out = *TRY(stored_as<std::string>(value, "text"));
    return {};
}

Result<void> from_value(const Value& value, JsonText& out) {
    out.text = *TRY(stored_as<std::string>(value, "JSON text"));
    return {};
}

Result<void> from_value(const Value& value, Digest& out) {
    out = TRY(Digest::parse(*TRY(stored_as<std::string>(value, "a digest"))));
    return {};
}

Result<void> from_value(const Value& value, Time& out) {
    out = Time(Duration(*TRY(stored_as<std::int64_t>(value, "microseconds"))));
    return {};
}

Result<void> from_value(const Value& value, std::vector<std::string>& out) {
    out = TRY(split_strings(*TRY(stored_as<std::string>(value, "a list of text"))));
    return {};
}

Result<void> from_value(const Value& value, std::vector<double>& out) {
    out = TRY(split_numbers(*TRY(stored_as<std::string>(value, "a list of numbers"))));
    return {};
}

const Value* RowReading::next(std::string_view name) {
    if (failure_) {
        return nullptr;
    }
    if (column_ >= row_.size()) {
        failure_ = corrupt("Stored row is too short: column '" + std::string(name) + "'");
        return nullptr;
    }
    return &row_[column_++];
}

void RowReading::took(std::string_view name, const Result<void>& read) {
    if (!read) {
        failure_ =
            corrupt(std::string(table_) + "." + std::string(name) + ": " + read.error().message);
    }
}

}  // namespace detail

namespace {

Json nested_json(const std::string& text) {
    auto inner = parse_json(text);
    return inner ? std::move(*inner) : Json(text);
}

Json to_json_value(const Value& value, JsonForm form) {
    if (const auto* whole = std::get_if<std::int64_t>(&value)) {
        switch (form) {
            case JsonForm::Bool:
                return *whole != 0;
            case JsonForm::Timestamp:
                return to_rfc3339(Time(Duration(*whole)));
            default:
                return *whole;
        }
    }
    if (const auto* real = std::get_if<double>(&value)) {
        return *real;
    }
    if (const auto* text = std::get_if<std::string>(&value)) {
        return form == JsonForm::Nested ? nested_json(*text) : Json(*text);
    }
    return nullptr;
}

}  // namespace

std::string row_to_json(
    const std::vector<std::string_view>& names, const std::vector<JsonForm>& forms, const Row& row
) {
    Json object = Json::object();
    for (std::size_t i = 0; i < names.size() && i < row.size(); ++i) {
        object[std::string(names[i])] = to_json_value(row[i], forms[i]);
    }
    return canonical(object);
}

}  // namespace flywheel
