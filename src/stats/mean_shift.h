#pragma once
// SPDX-License-Identifier: Apache-2.0
// Has the mean of embeddings moved? Hotelling's test in a few principal directions of the
// reference. Used by monitoring; a frame is made once and then only read, any thread.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace flywheel::stats {

/// Rows of equal length in one block: row i is values[i * width, (i + 1) * width).
struct RowBlock {
    std::span<const float> values;
    std::size_t width = 0;

    [[nodiscard]] std::size_t rows() const { return width == 0 ? 0 : values.size() / width; }

    [[nodiscard]] std::span<const float> row(std::size_t i) const {
        return values.subspan(i * width, width);
    }
};

/// How a reference measures distances. The basis comes from one half of the reference's rows and
/// the covariance in it from the other half: directions chosen on the rows that also scale them
/// would look too wide, and the test would not keep its level with a few hundred rows.
struct MeanFrame {
    std::size_t width = 0;  ///< Dimensions of a row.
    std::vector<double>
        basis;  ///< [directions, width] whitened: the covariance of basis * row is the identity.
    double covariance_rows = 0;  ///< Rows behind the covariance.

    [[nodiscard]] std::size_t directions() const { return width == 0 ? 0 : basis.size() / width; }
};

struct MeanFramePlan {
    std::size_t directions_max =
        16;  ///< At most rows / 16 of them, so that the covariance is well determined.
    std::uint64_t seed = 0;  ///< Of the start of the subspace iteration.
};

/// Principal directions by subspace iteration (Golub, Van Loan, 4th ed., 8.2.4). Directions without
/// variance are left out; none is left when all rows are equal or there are fewer than 32 of them.
[[nodiscard]] MeanFrame mean_frame(const RowBlock& reference, const MeanFramePlan& plan = {});

struct MeanShift {
    double statistic = 0;  ///< T = |z|^2 / f, z = difference of the means in the frame.
    double p = 1;
    double effect = 0;  ///< sqrt(|z|^2 / directions): in standard deviations of the reference.
};

struct MeanShiftSizes {
    double reference_rows = 0;
    double window_rows = 0;
    double design_effect = 1;  ///< T is divided by it.
};

/// Hotelling's T with a covariance estimated from r rows: T (r - K) / (K (r - 1)) ~ F(K, r - K)
/// (Anderson, An Introduction to Multivariate Statistical Analysis, 3rd ed., 5.2), f = 1/n + 1/m.
/// Means are [width].
[[nodiscard]] MeanShift mean_shift(
    const MeanFrame& frame,
    std::span<const double> reference_mean,
    std::span<const double> window_mean,
    const MeanShiftSizes& sizes
);

/// E[T] without change, for design effects.
[[nodiscard]] double expected_statistic(const MeanFrame& frame);

}  // namespace flywheel::stats
