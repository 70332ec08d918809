#pragma once
// SPDX-License-Identifier: Apache-2.0
// The nearest rows of a matrix, exactly, by cosine. Called by collection (near duplicates),
// selection (suppression) and monitoring. Pure functions, any thread.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace flywheel::vectors {

/// Rows of floats that somebody else owns: rows x columns, row after row.
struct MatrixView {
    const float* values = nullptr;
    std::size_t rows = 0;
    std::size_t columns = 0;

    [[nodiscard]] std::span<const float> row(std::size_t i) const {
        return {values + i * columns, columns};
    }
};

struct Neighbour {
    std::uint32_t row = 0;
    float cosine = 0;

    bool operator==(const Neighbour&) const = default;
};

/// What the rows promise about their length.
enum class Lengths {
    Any,   ///< Each row's length is computed (twice the work).
    Unit,  ///< Rows and query have length 1 or 0, as embeddings do.
};

/// The k rows of largest cosine with `query` (all rows when there are fewer), best first, lower row
/// first on ties. A row or query without length has cosine 0; a row whose cosine is NaN comes last.
/// O(rows x columns + rows x ln k).
[[nodiscard]] std::vector<Neighbour> top_k_cosine(
    const MatrixView& matrix,
    std::span<const float> query,
    std::size_t k,
    Lengths lengths = Lengths::Any
);

}  // namespace flywheel::vectors
