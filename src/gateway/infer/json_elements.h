#pragma once
// SPDX-License-Identifier: Apache-2.0
// The `data` of an input: JSON numbers, booleans or strings, flat or nested exactly as the shape
// says. Private to the readers of inference bodies; one parse, one thread.

#include <array>
#include <bit>
#include <cfloat>
#include <cmath>
#include <cstddef>
#include <string>

#include "gateway/infer/input_slot.h"
#include "gateway/infer/json_reader.h"

namespace flywheel::gateway {

class JsonElements {
  public:
    /// `slot` has its datatype, shapes and count; `json_bytes` bounds how many elements there can
    /// be.
    JsonElements(InputSlot& slot, std::size_t json_bytes);

    /// Reads the whole array into the slot. Strings live until the parser's next document.
    Result<void> read(JsonArray array);

  private:
    template <class Store>
    Result<void> level(JsonArray& array, std::size_t depth, const Store& store);
    template <class Store>
    Result<bool> take_run(
        JsonArray& array, std::size_t depth, std::size_t count, const Store& store
    );
    template <class Store>
    Result<void> inner(JsonValue& value, std::size_t depth, const Store& store);
    template <class T, class Get>
    Result<void> numbers(JsonArray& array, const Get& get);
    Result<bool> begins_nest(JsonValue& first, std::size_t depth) const;
    Result<void> check_count(std::size_t found, std::size_t expected, std::size_t depth) const;
    [[nodiscard]] Error wrong_element(
        simdjson::error_code error, JsonValue& value, std::string_view token, std::size_t depth
    ) const;
    /// "data[3][1]".
    [[nodiscard]] std::string place(std::size_t depth) const;

    InputSlot* slot_;
    std::size_t room_;  ///< Elements that the JSON can hold.
    std::size_t at_ = 0;
    std::array<std::size_t, kMaxDimensions> path_{};
};

/// As nearest_float(), from the text alone.
[[nodiscard]] bool nearest_float_of(std::string_view token, double number, float& value);

/// The FP32 value nearest to the JSON number whose nearest FP64 value is `number`; false when it is
/// too large. `token()` is the number's text: half way between two floats the rounding to FP64 may
/// already have gone the other way.
template <class Token>
[[nodiscard]] bool nearest_float(double number, float& value, const Token& token) {
    const bool half_way = (std::bit_cast<std::uint64_t>(number) & 0x1FFF'FFFFU) == 0x1000'0000U;
    const double size = std::abs(number);
    if (half_way || (size < static_cast<double>(FLT_MIN) && number != 0)) [[unlikely]] {
        return nearest_float_of(token(), number, value);
    }
    if (size >= 0x1.ffffffp127) [[unlikely]] {
        return false;
    }
    value = static_cast<float>(number);
    return true;
}

}  // namespace flywheel::gateway
