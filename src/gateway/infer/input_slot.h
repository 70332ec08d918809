#pragma once
// SPDX-License-Identifier: Apache-2.0
// One input tensor of a request while it is read. Private to the readers of inference bodies; one
// parse, one thread, used again for the next request.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ports/engine/tensor.h"

namespace flywheel::gateway {

struct InputSlot {
    std::optional<std::string_view> name;
    std::optional<std::string_view> datatype;
    bool has_shape = false;
    bool has_values = false;  ///< `data` was there.
    bool checked = false;     ///< Name, datatype and shape are known to fit the model.
    std::optional<std::uint64_t> binary_size;  ///< Its bytes stand behind the JSON.
    std::string_view late_json;                ///< `data` that came before it was known what it is.

    Shape sent;   ///< As the request says.
    Shape shape;  ///< As the model says: without a last dimension of 1 too many.
    DataType type = DataType::Fp32;
    std::uint64_t count = 0;  ///< Elements.

    std::span<const std::byte> bytes;  ///< Values of numbers: of the body, or of `numbers`.
    AlignedBytes numbers;
    std::vector<std::string_view> strings;  ///< Values of BYTES.

    /// As new, with the memory it has unless that is much.
    void clear();
    [[nodiscard]] TensorView view() const;
    /// "Input 'x': sentence".
    [[nodiscard]] Error refuse(const std::string& sentence) const;
};

}  // namespace flywheel::gateway
