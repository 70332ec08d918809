#pragma once
// SPDX-License-Identifier: Apache-2.0
// The binary form of tensors: numbers little-endian and row-major without padding, BYTES elements
// each behind its uint32 length. Private to the readers and writers of inference bodies; pure
// functions, any thread.

#include <string>
#include <string_view>

#include "gateway/infer/input_slot.h"

namespace flywheel::gateway {

/// Puts `bytes`, which are all of one tensor, into the slot: a view where their place in memory
/// allows it. InvalidArgument: another size than the shape's, a BOOL that is neither 0 nor 1, a
/// length past the end.
Result<void> read_binary(InputSlot& slot, std::string_view bytes);

/// Bytes that the tensor takes.
[[nodiscard]] std::uint64_t binary_size_of(const TensorView& tensor);
void append_binary(std::string& out, const TensorView& tensor);

}  // namespace flywheel::gateway
