#pragma once
// SPDX-License-Identifier: Apache-2.0
// A sparse vector times a dense table: the sum of a few scaled rows. It is the inner loop of the
// linear engine's prediction, with rows of 8-bit integers or of floats. Pure functions, any thread.

#include <cstddef>
#include <cstdint>
#include <span>

#include "vectors/kernels.h"

namespace flywheel::vectors {

/// Rows are padded to a multiple of this many elements (a caller pads with zeros).
inline constexpr std::size_t kRowStep = 8;

/// A table of rows; row i begins stride_bytes * i bytes behind `first` (no alignment is needed
/// beyond the element's). `width`: elements to add, a multiple of kRowStep.
template <class Element>
struct RowTable {
    const Element* first = nullptr;
    std::size_t stride_bytes = 0;
    std::size_t width = 0;
};

struct ScaledRow {
    std::uint32_t row = 0;
    float scale = 0;
};

/// out[j] += sum over `rows`, in their order, of scale * table[row][j] (product rounded, then the
/// sum rounded: the same bits from every kernel). `out` has table.width places.
void add_scaled_rows(
    const RowTable<std::int8_t>& table, std::span<const ScaledRow> rows, std::span<float> out
);
void add_scaled_rows(
    const RowTable<float>& table, std::span<const ScaledRow> rows, std::span<float> out
);

/// The same by one kernel, which must be supported; for tests and benchmarks.
void add_scaled_rows_by(
    Kernel kernel,
    const RowTable<std::int8_t>& table,
    std::span<const ScaledRow> rows,
    std::span<float> out
);
void add_scaled_rows_by(
    Kernel kernel,
    const RowTable<float>& table,
    std::span<const ScaledRow> rows,
    std::span<float> out
);

}  // namespace flywheel::vectors
