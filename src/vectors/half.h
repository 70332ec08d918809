#pragma once
// SPDX-License-Identifier: Apache-2.0
// IEEE 754 binary16 as bits, for embeddings at rest: half the bytes, cosines right to about 1e-3.
// Called by capture and its readers. Pure functions, any thread; the same bits on every machine.

#include <cstdint>
#include <span>

namespace flywheel::vectors {

/// Nearest half, ties to even; over 65,504 (after rounding) becomes infinity, NaN stays NaN (quiet,
/// sign and upper payload kept).
[[nodiscard]] std::uint16_t to_half(float value);

/// Exact.
[[nodiscard]] float from_half(std::uint16_t bits);

/// Element by element; both of one size.
void to_half(std::span<const float> values, std::span<std::uint16_t> out);
void from_half(std::span<const std::uint16_t> bits, std::span<float> out);

}  // namespace flywheel::vectors
