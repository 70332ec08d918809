// SPDX-License-Identifier: Apache-2.0
#include "gateway/infer/json_reader.h"

#include <algorithm>

#include <fmt/format.h>

namespace flywheel::gateway {

namespace {

constexpr int kMaxDepth = 100;

template <class T>
Result<T> typed(
    simdjson::simdjson_result<T> result, std::string_view where, std::string_view wanted
) {
    T value{};
    const simdjson::error_code error = std::move(result).get(value);
    if (error == simdjson::INCORRECT_TYPE || error == simdjson::NUMBER_OUT_OF_RANGE) {
        return wrong_type(where, wanted);
    }
    if (error != simdjson::SUCCESS) {
        return json_error(error).within(fmt::format("Field '{}'", where));
    }
    return value;
}

Result<void> skip_object(JsonValue& value, int depth) {
    JsonObject object;
    if (const auto error = value.get_object().get(object)) {
        return json_error(error);
    }
    for (auto item : object) {
        simdjson::ondemand::field field;
        if (const auto error = std::move(item).get(field)) {
            return json_error(error);
        }
        JsonValue inner = field.value();
        TRY(skip_value(inner, depth + 1));
    }
    return {};
}

Result<void> skip_array(JsonValue& value, int depth) {
    JsonArray array;
    if (const auto error = value.get_array().get(array)) {
        return json_error(error);
    }
    return each_element(array, [&](JsonValue& element, std::size_t) -> Result<void> {
        return skip_value(element, depth + 1);
    });
}

}  // namespace

Error json_error(simdjson::error_code error) {
    return invalid_argument(
        fmt::format("Request body is not valid JSON: {}", simdjson::error_message(error))
    );
}

Error wrong_type(std::string_view where, std::string_view wanted) {
    return invalid_argument(fmt::format("Field '{}' is not {}", where, wanted));
}

Result<std::string_view> read_string(JsonValue& value, std::string_view where) {
    return typed(value.get_string(), where, "a string");
}

Result<std::int64_t> read_integer(JsonValue& value, std::string_view where) {
    return typed(value.get_int64(), where, "an integer");
}

Result<bool> read_bool(JsonValue& value, std::string_view where) {
    return typed(value.get_bool(), where, "true or false");
}

Result<JsonArray> read_array(JsonValue& value, std::string_view where) {
    return typed(value.get_array(), where, "an array");
}

Result<JsonObject> read_object(JsonValue& value, std::string_view where) {
    return typed(value.get_object(), where, "an object");
}

Result<bool> is_null(JsonValue& value) {
    simdjson::ondemand::json_type type{};
    if (const auto error = value.type().get(type)) {
        return json_error(error);
    }
    if (type != simdjson::ondemand::json_type::null) {
        return false;
    }
    TRY(skip_value(value));
    return true;
}

Result<void> skip_value(JsonValue& value, int depth) {
    if (depth > kMaxDepth) {
        return invalid_argument(
            fmt::format("Request body is nested deeper than the limit of {}", kMaxDepth)
        );
    }
    simdjson::ondemand::json_type type{};
    if (const auto error = value.type().get(type)) {
        return json_error(error);
    }
    switch (type) {
        case simdjson::ondemand::json_type::object:
            return skip_object(value, depth);
        case simdjson::ondemand::json_type::array:
            return skip_array(value, depth);
        case simdjson::ondemand::json_type::string: {
            std::string_view text;
            const auto error = value.get_string().get(text);
            return error ? Result<void>(json_error(error)) : Result<void>();
        }
        case simdjson::ondemand::json_type::number: {
            double number = 0;
            const auto error = value.get_double().get(number);
            return error ? Result<void>(json_error(error)) : Result<void>();
        }
        case simdjson::ondemand::json_type::boolean: {
            bool flag = false;
            const auto error = value.get_bool().get(flag);
            return error ? Result<void>(json_error(error)) : Result<void>();
        }
        case simdjson::ondemand::json_type::null: {
            bool null = false;
            const auto error = value.is_null().get(null);
            return null && !error ? Result<void>()
                                  : Result<void>(json_error(simdjson::N_ATOM_ERROR));
        }
    }
    return json_error(simdjson::TAPE_ERROR);
}

Result<void> KeySet::add(std::string_view key, std::string_view where) {
    auto* const end = keys_.begin() + count_;
    if (std::find(keys_.begin(), end, key) != end) {
        return invalid_argument(fmt::format("Field '{}' is given twice in {}", key, where));
    }
    if (count_ == kMaxKeys) {
        return invalid_argument(
            fmt::format("More fields than the limit of {} in {}", kMaxKeys, where)
        );
    }
    keys_[count_++] = key;
    return {};
}

}  // namespace flywheel::gateway
