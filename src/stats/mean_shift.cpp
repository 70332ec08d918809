// SPDX-License-Identifier: Apache-2.0
#include "stats/mean_shift.h"

#include <algorithm>
#include <cmath>

#include "base/result.h"
#include "base/rng.h"
#include "stats/special.h"

namespace flywheel::stats {

namespace {

constexpr int kIterations = 30;
// A direction with less variance than this share of the largest is noise of rounding.
constexpr double kVarianceMin = 1e-9;

/// A square or rectangular matrix by rows.
struct Matrix {
    std::size_t rows = 0;
    std::size_t columns = 0;
    std::vector<double> cells;

    Matrix(std::size_t r, std::size_t c) : rows(r), columns(c), cells(r * c) {}

    double* row(std::size_t i) { return cells.data() + i * columns; }

    [[nodiscard]] const double* row(std::size_t i) const { return cells.data() + i * columns; }
};

double dot(const double* a, const double* b, std::size_t n) {
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) {
        sum += a[i] * b[i];
    }
    return sum;
}

/// Every second row from `first`, minus their mean.
Matrix centred_half(const RowBlock& block, std::size_t first) {
    const std::size_t width = block.width;
    Matrix half((block.rows() - first + 1) / 2, width);
    std::vector<double> mean(width);
    for (std::size_t i = 0; i < half.rows; ++i) {
        const auto source = block.row(2 * i + first);
        for (std::size_t j = 0; j < width; ++j) {
            half.row(i)[j] = source[j];
            mean[j] += source[j];
        }
    }
    for (std::size_t i = 0; i < half.rows; ++i) {
        for (std::size_t j = 0; j < width; ++j) {
            half.row(i)[j] -= mean[j] / static_cast<double>(half.rows);
        }
    }
    return half;
}

/// rows^T rows / (n - 1)
Matrix covariance(const Matrix& centred) {
    Matrix result(centred.columns, centred.columns);
    for (std::size_t i = 0; i < centred.rows; ++i) {
        const double* row = centred.row(i);
        for (std::size_t a = 0; a < centred.columns; ++a) {
            for (std::size_t b = 0; b <= a; ++b) {
                result.row(a)[b] += row[a] * row[b];
            }
        }
    }
    for (std::size_t a = 0; a < centred.columns; ++a) {
        for (std::size_t b = 0; b <= a; ++b) {
            result.row(a)[b] /= static_cast<double>(centred.rows - 1);
            result.row(b)[a] = result.row(a)[b];
        }
    }
    return result;
}

/// Gram-Schmidt, twice for accuracy; rows that vanish become zero.
void orthonormalise(Matrix& rows) {
    for (std::size_t i = 0; i < rows.rows; ++i) {
        double* row = rows.row(i);
        const double before = std::sqrt(dot(row, row, rows.columns));
        for (std::size_t k = 0; k < 2 * i; ++k) {
            const double* other = rows.row(k % i);
            const double along = dot(row, other, rows.columns);
            for (std::size_t j = 0; j < rows.columns; ++j) {
                row[j] -= along * other[j];
            }
        }
        const double length = std::sqrt(dot(row, row, rows.columns));
        const bool vanished = length <= 1e-10 * before || before == 0;
        for (std::size_t j = 0; j < rows.columns; ++j) {
            row[j] = vanished ? 0 : row[j] / length;
        }
    }
}

/// vectors * symmetric
Matrix times(const Matrix& vectors, const Matrix& symmetric) {
    Matrix result(vectors.rows, vectors.columns);
    for (std::size_t i = 0; i < vectors.rows; ++i) {
        for (std::size_t j = 0; j < vectors.columns; ++j) {
            result.row(i)[j] = dot(vectors.row(i), symmetric.row(j), vectors.columns);
        }
    }
    return result;
}

Matrix principal_directions(const Matrix& symmetric, std::size_t count, std::uint64_t seed) {
    Matrix vectors(count, symmetric.columns);
    Rng rng = Rng::named(seed, "mean frame");
    for (double& cell : vectors.cells) {
        cell = rng.normal();
    }
    orthonormalise(vectors);
    for (int i = 0; i < kIterations; ++i) {
        vectors = times(vectors, symmetric);
        orthonormalise(vectors);
    }
    return vectors;
}

/// Rows of the result are the directions scaled and mixed so that their covariance is the identity:
/// L^-1 V for the Cholesky factor L of V S V^T, taken direction by direction; one without variance
/// of its own is dropped.
Matrix whitened(const Matrix& directions, const Matrix& scale) {
    const Matrix image = times(directions, scale);
    Matrix result(directions.rows, directions.columns);
    Matrix result_image(directions.rows, directions.columns);
    std::size_t kept = 0;
    double largest = 0;
    for (std::size_t i = 0; i < directions.rows; ++i) {
        std::vector<double> row(directions.row(i), directions.row(i) + directions.columns);
        std::vector<double> row_image(image.row(i), image.row(i) + image.columns);
        for (std::size_t k = 0; k < kept; ++k) {
            const double along = dot(row.data(), result_image.row(k), row.size());
            for (std::size_t j = 0; j < row.size(); ++j) {
                row[j] -= along * result.row(k)[j];
                row_image[j] -= along * result_image.row(k)[j];
            }
        }
        const double variance = dot(row.data(), row_image.data(), row.size());
        largest = std::max(largest, variance);
        if (variance <= 0 || variance < kVarianceMin * largest) {
            continue;
        }
        for (std::size_t j = 0; j < row.size(); ++j) {
            result.row(kept)[j] = row[j] / std::sqrt(variance);
            result_image.row(kept)[j] = row_image[j] / std::sqrt(variance);
        }
        ++kept;
    }
    result.rows = kept;
    result.cells.resize(kept * result.columns);
    return result;
}

}  // namespace

MeanFrame mean_frame(const RowBlock& reference, const MeanFramePlan& plan) {
    MeanFrame frame;
    frame.width = reference.width;
    const std::size_t rows = reference.rows();
    const std::size_t count = std::min({plan.directions_max, rows / 16, reference.width});
    if (rows < 32 || count == 0) {
        return frame;
    }
    const Matrix basis_half = centred_half(reference, 0);
    const Matrix scale_half = centred_half(reference, 1);
    const Matrix directions = principal_directions(covariance(basis_half), count, plan.seed);
    frame.basis = whitened(directions, covariance(scale_half)).cells;
    frame.covariance_rows = static_cast<double>(scale_half.rows);
    return frame;
}

MeanShift mean_shift(
    const MeanFrame& frame,
    std::span<const double> reference_mean,
    std::span<const double> window_mean,
    const MeanShiftSizes& sizes
) {
    CHECK(reference_mean.size() == frame.width && window_mean.size() == frame.width);
    MeanShift result;
    const std::size_t count = frame.directions();
    if (count == 0 || sizes.reference_rows <= 0 || sizes.window_rows <= 0) {
        return result;
    }
    std::vector<double> gap(frame.width);
    for (std::size_t j = 0; j < frame.width; ++j) {
        gap[j] = window_mean[j] - reference_mean[j];
    }
    double squares = 0;
    for (std::size_t k = 0; k < count; ++k) {
        const double z = dot(frame.basis.data() + k * frame.width, gap.data(), frame.width);
        squares += z * z;
    }
    const auto directions = static_cast<double>(count);
    const double f = 1 / sizes.window_rows + 1 / sizes.reference_rows;
    const double rest = frame.covariance_rows - directions;
    result.statistic = squares / f;
    result.effect = std::sqrt(squares / directions);
    const double ratio =
        result.statistic / sizes.design_effect * rest / (directions * (frame.covariance_rows - 1));
    result.p = f_survival(ratio, directions, rest);
    return result;
}

double expected_statistic(const MeanFrame& frame) {
    const auto directions = static_cast<double>(frame.directions());
    // Mean of F(K, v) is v / (v - 2).
    const double rest = frame.covariance_rows - directions;
    return directions * (frame.covariance_rows - 1) / (rest - 2);
}

}  // namespace flywheel::stats
