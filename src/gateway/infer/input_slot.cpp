// SPDX-License-Identifier: Apache-2.0
#include "gateway/infer/input_slot.h"

#include <fmt/format.h>

namespace flywheel::gateway {

namespace {

constexpr std::size_t kKeptBytes = 1024 * 1024;

}  // namespace

void InputSlot::clear() {
    name.reset();
    datatype.reset();
    has_shape = false;
    has_values = false;
    checked = false;
    binary_size.reset();
    late_json = {};
    sent = {};
    shape = {};
    count = 0;
    bytes = {};
    strings.clear();
    if (numbers.capacity() > kKeptBytes) {
        numbers = {};
    }
    if (strings.capacity() * sizeof(std::string_view) > kKeptBytes) {
        std::vector<std::string_view>().swap(strings);
    }
}

TensorView InputSlot::view() const {
    return {type, shape, bytes, strings};
}

Error InputSlot::refuse(const std::string& sentence) const {
    return invalid_argument(fmt::format("Input '{}': {}", name.value_or(""), sentence));
}

}  // namespace flywheel::gateway
