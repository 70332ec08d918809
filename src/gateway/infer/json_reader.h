#pragma once
// SPDX-License-Identifier: Apache-2.0
// Typed reading of simdjson's on-demand values with errors that name the field. Private to the
// gateway's .cpp files that parse requests; one parse, one thread.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <simdjson.h>

#include "base/result.h"

namespace flywheel::gateway {

using JsonValue = simdjson::ondemand::value;
using JsonObject = simdjson::ondemand::object;
using JsonArray = simdjson::ondemand::array;

/// InvalidArgument for what the parser found wrong with the text itself.
Error json_error(simdjson::error_code error);

/// "Field 'where' is not a <wanted>".
Error wrong_type(std::string_view where, std::string_view wanted);

Result<std::string_view> read_string(JsonValue& value, std::string_view where);
Result<std::int64_t> read_integer(JsonValue& value, std::string_view where);
Result<bool> read_bool(JsonValue& value, std::string_view where);
Result<JsonArray> read_array(JsonValue& value, std::string_view where);
Result<JsonObject> read_object(JsonValue& value, std::string_view where);

/// A field that may be absent may also be null.
Result<bool> is_null(JsonValue& value);

/// Reads a value nobody wants, completely, so that nothing malformed hides in it; nesting of at
/// most 100.
Result<void> skip_value(JsonValue& value, int depth = 2);

/// The keys of one object, to find one that is repeated.
class KeySet {
  public:
    /// InvalidArgument when `key` was there before.
    Result<void> add(std::string_view key, std::string_view where);

  private:
    static constexpr std::size_t kMaxKeys = 64;
    std::array<std::string_view, kMaxKeys> keys_;
    std::size_t count_ = 0;
};

/// Calls `visit(key, value) -> Result<void>` with each field of an object whose place is `where`.
template <class Visit>
Result<void> each_field(JsonObject& object, std::string_view where, Visit&& visit) {
    KeySet keys;
    for (auto item : object) {
        simdjson::ondemand::field field;
        if (const auto error = std::move(item).get(field)) {
            return json_error(error);
        }
        std::string_view key;
        if (const auto error = field.unescaped_key().get(key)) {
            return json_error(error);
        }
        TRY(keys.add(key, where));
        TRY(visit(key, field.value()));
    }
    return {};
}

/// Calls `visit(value, index) -> Result<void>` with each element.
template <class Visit>
Result<void> each_element(JsonArray& array, Visit&& visit) {
    std::size_t index = 0;
    for (auto item : array) {
        JsonValue value;
        if (const auto error = std::move(item).get(value)) {
            return json_error(error);
        }
        TRY(visit(value, index++));
    }
    return {};
}

}  // namespace flywheel::gateway
