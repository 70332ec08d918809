// SPDX-License-Identifier: Apache-2.0
#include "vectors/gather.h"

#include <array>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "base/result.h"

namespace flywheel::vectors {

namespace {

template <class Element>
const Element* row_of(const RowTable<Element>& table, std::uint32_t row) {
    const auto* bytes =
        reinterpret_cast<const char*>(table.first);  // NOLINT: rows stand at byte strides
    return reinterpret_cast<const Element*>(bytes + table.stride_bytes * row);  // NOLINT
}

template <class Element>
void add_scalar(const RowTable<Element>& table, std::span<const ScaledRow> rows, float* out) {
    for (std::size_t j = 0; j < table.width; j += kRowStep) {
        std::array<float, kRowStep> sum{};
        for (std::size_t i = 0; i < kRowStep; ++i) {
            sum[i] = out[j + i];
        }
        for (const ScaledRow& scaled : rows) {
            const Element* row = row_of(table, scaled.row) + j;
            for (std::size_t i = 0; i < kRowStep; ++i) {
                sum[i] += scaled.scale * static_cast<float>(row[i]);
            }
        }
        for (std::size_t i = 0; i < kRowStep; ++i) {
            out[j + i] = sum[i];
        }
    }
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) inline __m256 load_row(const std::int8_t* row) {
    const auto* eight = reinterpret_cast<const __m128i*>(row);  // NOLINT: the intrinsic's type
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(eight)));
}

__attribute__((target("avx2"))) inline __m256 load_row(const float* row) {
    return _mm256_loadu_ps(row);
}

/// `Steps` registers of eight sums stay in the machine while all rows pass.
template <std::size_t Steps, class Element>
__attribute__((target("avx2"))) void add_columns_avx2(
    const RowTable<Element>& table, std::span<const ScaledRow> rows, float* out, std::size_t column
) {
    __m256 sum[Steps];  // NOLINT: std::array of vectors drops their alignment attribute
    for (std::size_t s = 0; s < Steps; ++s) {
        sum[s] = _mm256_loadu_ps(out + column + s * kRowStep);
    }
    for (const ScaledRow& scaled : rows) {
        const Element* row = row_of(table, scaled.row) + column;
        const __m256 scale = _mm256_set1_ps(scaled.scale);
        for (std::size_t s = 0; s < Steps; ++s) {
            sum[s] = _mm256_add_ps(sum[s], _mm256_mul_ps(scale, load_row(row + s * kRowStep)));
        }
    }
    for (std::size_t s = 0; s < Steps; ++s) {
        _mm256_storeu_ps(out + column + s * kRowStep, sum[s]);
    }
}

template <class Element>
void add_avx2(const RowTable<Element>& table, std::span<const ScaledRow> rows, float* out) {
    constexpr std::size_t kSteps = 4;
    std::size_t column = 0;
    for (; column + kSteps * kRowStep <= table.width; column += kSteps * kRowStep) {
        add_columns_avx2<kSteps>(table, rows, out, column);
    }
    for (; column < table.width; column += kRowStep) {
        add_columns_avx2<1>(table, rows, out, column);
    }
}
#endif

template <class Element>
void add_rows(
    Kernel kernel,
    const RowTable<Element>& table,
    std::span<const ScaledRow> rows,
    std::span<float> out
) {
    CHECK(table.width % kRowStep == 0 && out.size() == table.width);
#if defined(__x86_64__)
    if (kernel == Kernel::Avx2) {
        add_avx2(table, rows, out.data());
        return;
    }
#endif
    CHECK(kernel == Kernel::Scalar);
    add_scalar(table, rows, out.data());
}

}  // namespace

void add_scaled_rows_by(
    Kernel kernel,
    const RowTable<std::int8_t>& table,
    std::span<const ScaledRow> rows,
    std::span<float> out
) {
    add_rows(kernel, table, rows, out);
}

void add_scaled_rows_by(
    Kernel kernel,
    const RowTable<float>& table,
    std::span<const ScaledRow> rows,
    std::span<float> out
) {
    add_rows(kernel, table, rows, out);
}

void add_scaled_rows(
    const RowTable<std::int8_t>& table, std::span<const ScaledRow> rows, std::span<float> out
) {
    add_rows(best_kernel(), table, rows, out);
}

void add_scaled_rows(
    const RowTable<float>& table, std::span<const ScaledRow> rows, std::span<float> out
) {
    add_rows(best_kernel(), table, rows, out);
}

}  // namespace flywheel::vectors
