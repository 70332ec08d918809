#pragma once
// SPDX-License-Identifier: Apache-2.0
// Dot products, lengths and cosines of float vectors. Called by whoever compares embeddings:
// collection, selection, monitoring, the linear engine. Pure functions, any thread.

#include <span>

#include "vectors/kernels.h"

namespace flywheel::vectors {

/// Sum of a[i] * b[i]; both of one size. The order of the sum is part of the definition: product i
/// goes to lane i mod 32, each lane sums in order of i, then lane j takes lane j + 16, j + 8, j +
/// 4, j + 2, j + 1. The same bits from every kernel.
[[nodiscard]] float dot(std::span<const float> a, std::span<const float> b);
/// The same by one kernel, which must be supported; for tests and benchmarks.
[[nodiscard]] float dot_by(Kernel kernel, std::span<const float> a, std::span<const float> b);

/// Euclidean length.
[[nodiscard]] float norm(std::span<const float> a);

/// a.b / (|a| |b|), within [-1, 1]; 0 when one of them has no length.
[[nodiscard]] float cosine(std::span<const float> a, std::span<const float> b);

/// Scales `a` to length 1 and returns the length it had; a vector without length stays as it is.
float normalise(std::span<float> a);

}  // namespace flywheel::vectors
