#pragma once
// SPDX-License-Identifier: Apache-2.0
// Flat arrays of plain numbers, which is how nearly every client sends a tensor, read at a few
// nanoseconds a number. What is not plain, or may round either way, is left to the general reader,
// which also finds the words for what is wrong. Private to the readers of inference bodies.

#include <cstddef>
#include <span>
#include <string_view>

namespace flywheel::gateway {

/// Reads `1.5, -2, 3e4`: JSON numbers (RFC 8259, 6) with white space around them. True when all is
/// read: `count` numbers, in `values`, each the nearest that FP32 or FP64 has. False when there is
/// none, when there are more than fit into `values`, or one is not plain. At least 64 bytes behind
/// `text` must be readable.
bool read_number_run(std::string_view text, std::span<float> values, std::size_t& count);
bool read_number_run(std::string_view text, std::span<double> values, std::size_t& count);

}  // namespace flywheel::gateway
