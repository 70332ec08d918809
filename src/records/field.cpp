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
