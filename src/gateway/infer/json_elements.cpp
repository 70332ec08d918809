// SPDX-License-Identifier: Apache-2.0
#include "gateway/infer/json_elements.h"

#include <bit>
#include <cfloat>
#include <charconv>
#include <cmath>
#include <limits>
#include <type_traits>

#include <fmt/format.h>

#include "base/text.h"
#include "gateway/infer/number_run.h"

namespace flywheel::gateway {

namespace {

using simdjson::error_code;

constexpr std::size_t kShownToken = 40;

template <class T>
error_code get_integer(JsonValue& value, T& out) {
    if constexpr (std::is_unsigned_v<T>) {
        std::uint64_t number = 0;
        if (const auto error = value.get_uint64().get(number)) {
            return error;
        }
        out = static_cast<T>(number);
        return number <= std::numeric_limits<T>::max() ? simdjson::SUCCESS
                                                       : simdjson::NUMBER_OUT_OF_RANGE;
    } else {
        std::int64_t number = 0;
        if (const auto error = value.get_int64().get(number)) {
            return error;
        }
        out = static_cast<T>(number);
        return number == static_cast<std::int64_t>(out) ? simdjson::SUCCESS
                                                        : simdjson::NUMBER_OUT_OF_RANGE;
    }
}

/// true, false, 1, 0.
error_code get_flag(JsonValue& value, std::uint8_t& out) {
    bool flag = false;
    if (value.get_bool().get(flag) == simdjson::SUCCESS) {
        out = flag ? 1 : 0;
        return simdjson::SUCCESS;
    }
    const auto error = get_integer(value, out);
    return error == simdjson::SUCCESS && out > 1 ? simdjson::NUMBER_OUT_OF_RANGE : error;
}

error_code get_float(JsonValue& value, float& out) {
    double number = 0;
    if (const auto error = value.get_double().get(number)) {
        return error;
    }
    // A value still knows where its text is after it was read.
    return nearest_float(number, out, [&] { return value.raw_json_token(); })
               ? simdjson::SUCCESS
               : simdjson::NUMBER_OUT_OF_RANGE;
}

/// Where numbers go: `get(value, out)` reads one.
template <class T, class Get>
struct NumberStore {
    static constexpr bool kTakesRuns = std::is_floating_point_v<T>;
    T* values;
    const std::size_t* at;
    const Get* get;

    error_code operator()(JsonValue& value) const { return (*get)(value, values[*at]); }

    [[nodiscard]] bool take_run(std::string_view text, std::size_t count) const {
        std::size_t found = 0;
        return read_number_run(text, std::span<T>(values + *at, count), found) && found == count;
    }
};

/// Where strings go: views of the parser's text.
struct StringStore {
    static constexpr bool kTakesRuns = false;
    std::vector<std::string_view>* strings;

    error_code operator()(JsonValue& value) const {
        std::string_view text;
        const auto error = value.get_string().get(text);
        strings->push_back(text);
        return error;
    }
};

bool is_about_the_element(error_code error) {
    return error == simdjson::INCORRECT_TYPE || error == simdjson::NUMBER_OUT_OF_RANGE ||
           error == simdjson::NUMBER_ERROR;
}

}  // namespace

bool nearest_float_of(std::string_view token, double number, float& value) {
    const auto [end, failed] = std::from_chars(token.data(), token.data() + token.size(), value);
    if (failed == std::errc::result_out_of_range && std::abs(number) < 1) {
        value = std::signbit(number) ? -0.0F : 0.0F;
        return true;
    }
    return failed == std::errc();
}

JsonElements::JsonElements(InputSlot& slot, std::size_t json_bytes)
    : slot_(&slot), room_(std::min<std::uint64_t>(slot.count, json_bytes / 2 + 1)) {}

std::string JsonElements::place(std::size_t depth) const {
    std::string text = "data";
    for (std::size_t i = 0; i < depth; ++i) {
        text += fmt::format("[{}]", path_[i]);
    }
    return text;
}

Error JsonElements::wrong_element(
    error_code error, JsonValue& value, std::string_view token, std::size_t depth
) const {
    const std::string where = place(depth + 1);
    simdjson::ondemand::json_type type{};
    if (!is_about_the_element(error) || value.type().get(type) != simdjson::SUCCESS) {
        return json_error(error).within(fmt::format("Input '{}': {}", *slot_->name, where));
    }
    if (error == simdjson::INCORRECT_TYPE && type == simdjson::ondemand::json_type::array) {
        return slot_->refuse(where + " mixes flat and nested elements");
    }
    if (slot_->type == DataType::Bytes) {
        return slot_->refuse(where + " is not a string");
    }
    token = trim(token);
    const bool number = !token.empty() && (token[0] == '-' || (token[0] >= '0' && token[0] <= '9'));
    return slot_->refuse(fmt::format(
        "{} is not a value of {}{}{}",
        where,
        name_of(slot_->type),
        number ? ": " : "",
        number ? token.substr(0, kShownToken) : ""
    ));
}

Result<bool> JsonElements::begins_nest(JsonValue& first, std::size_t depth) const {
    simdjson::ondemand::json_type type{};
    if (const auto error = first.type().get(type)) {
        return json_error(error);
    }
    const bool nests = type == simdjson::ondemand::json_type::array;
    if (nests && depth + 1 >= slot_->sent.size()) {
        return slot_->refuse(fmt::format("data is nested, but shape is {}", slot_->sent.text()));
    }
    if (!nests && depth > 0 && depth + 1 < slot_->sent.size()) {
        return slot_->refuse(fmt::format(
            "{} is nested less deep than shape {} says", place(depth), slot_->sent.text()
        ));
    }
    return nests;
}

Result<void> JsonElements::check_count(std::size_t found, std::size_t expected, std::size_t depth)
    const {
    if (found == expected) {
        return {};
    }
    if (depth == 0) {
        return slot_->refuse(
            fmt::format("data has {} elements, but shape is {}", found, slot_->sent.text())
        );
    }
    return slot_->refuse(
        fmt::format("{} is nested with {} elements, expected {}", place(depth), found, expected)
    );
}

template <class Store>
Result<void> JsonElements::inner(JsonValue& value, std::size_t depth, const Store& store) {
    JsonArray array;
    if (const auto error = value.get_array().get(array)) {
        return error == simdjson::INCORRECT_TYPE
                   ? slot_->refuse(place(depth) + " mixes flat and nested elements")
                   : json_error(error);
    }
    return level(array, depth, store);
}

/// Reads an array of exactly `count` plain numbers. False when it is none: then it stands at its
/// beginning, for the general reader.
template <class Store>
Result<bool> JsonElements::take_run(
    JsonArray& array, std::size_t depth, std::size_t count, const Store& store
) {
    const bool may_nest = depth + 1 < slot_->sent.size();
    if (count > room_ - at_ || (may_nest && depth > 0)) {
        return false;
    }
    bool any = false;
    if (may_nest) {
        simdjson::ondemand::json_type type{};
        for (auto first : array) {
            if (const auto error = first.type().get(type)) {
                return json_error(error);
            }
            break;
        }
        if (const auto error = array.reset().get(any)) {
            return json_error(error);
        }
        if (type != simdjson::ondemand::json_type::number) {
            return false;
        }
    }
    std::string_view text;
    if (const auto error = array.raw_json().get(text)) {
        return json_error(error);
    }
    if (store.take_run(text.substr(1, text.rfind(']') - 1), count)) {
        at_ += count;
        return true;
    }
    if (const auto error = array.reset().get(any)) {
        return json_error(error);
    }
    return false;
}

/// `store(value)` puts one element behind those before.
template <class Store>
Result<void> JsonElements::level(JsonArray& array, std::size_t depth, const Store& store) {
    const auto whole = static_cast<std::size_t>(depth == 0 ? slot_->count : slot_->sent[depth]);
    if constexpr (Store::kTakesRuns) {
        if (TRY(take_run(array, depth, whole, store))) {
            return {};
        }
    }
    std::size_t index = 0;
    bool nests = false;
    std::size_t expected = std::min(whole, room_);
    for (auto item : array) {
        JsonValue value;
        if (const auto error = std::move(item).get(value)) {
            return json_error(error);
        }
        if (index == 0) {
            nests = TRY(begins_nest(value, depth));
            expected = nests ? static_cast<std::size_t>(slot_->sent[depth]) : expected;
        }
        if (index < expected && at_ < room_ && !nests) {
            if (const error_code error = store(value)) [[unlikely]] {
                path_[depth] = index;
                return wrong_element(error, value, value.raw_json_token(), depth);
            }
            ++at_;
        } else if (index < expected && nests) {
            path_[depth] = index;
            TRY(inner(value, depth + 1, store));
        }
        ++index;
    }
    return check_count(index, nests ? static_cast<std::size_t>(slot_->sent[depth]) : whole, depth);
}

template <class T, class Get>
Result<void> JsonElements::numbers(JsonArray& array, const Get& get) {
    const std::span<std::byte> bytes = slot_->numbers.resize(room_ * sizeof(T));
    const NumberStore<T, Get> store{reinterpret_cast<T*>(bytes.data()), &at_, &get};
    TRY(level(array, 0, store));
    slot_->bytes = slot_->numbers.bytes();
    return {};
}

Result<void> JsonElements::read(JsonArray array) {
    const auto integer = [](JsonValue& value, auto& out) { return get_integer(value, out); };
    switch (slot_->type) {
        case DataType::Bytes:
            return level(array, 0, StringStore{&slot_->strings});
        case DataType::Bool:
            return numbers<std::uint8_t>(array, [](JsonValue& value, auto& out) {
                return get_flag(value, out);
            });
        case DataType::Fp32:
            return numbers<float>(array, [](JsonValue& value, auto& out) {
                return get_float(value, out);
            });
        case DataType::Fp64:
            return numbers<double>(array, [](JsonValue& value, auto& out) {
                return value.get_double().get(out);
            });
        case DataType::Uint8:
            return numbers<std::uint8_t>(array, integer);
        case DataType::Uint16:
            return numbers<std::uint16_t>(array, integer);
        case DataType::Uint32:
            return numbers<std::uint32_t>(array, integer);
        case DataType::Uint64:
            return numbers<std::uint64_t>(array, integer);
        case DataType::Int8:
            return numbers<std::int8_t>(array, integer);
        case DataType::Int16:
            return numbers<std::int16_t>(array, integer);
        case DataType::Int32:
            return numbers<std::int32_t>(array, integer);
        case DataType::Int64:
            return numbers<std::int64_t>(array, integer);
        case DataType::Fp16:
        case DataType::Bf16:
            break;
    }
    return slot_->refuse(
        fmt::format("{} needs binary data; JSON has no form for it", name_of(slot_->type))
    );
}

}  // namespace flywheel::gateway
