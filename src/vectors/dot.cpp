// SPDX-License-Identifier: Apache-2.0
#include "vectors/dot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "base/result.h"

namespace flywheel::vectors {

namespace {

constexpr std::size_t kLanes = 32;

float dot_scalar(const float* a, const float* b, std::size_t size) {
    std::array<float, kLanes> lane{};
    std::size_t i = 0;
    for (; i + kLanes <= size; i += kLanes) {
        for (std::size_t j = 0; j < kLanes; ++j) {
            lane[j] += a[i + j] * b[i + j];
        }
    }
    for (std::size_t j = 0; i + j < size; ++j) {
        lane[j] += a[i + j] * b[i + j];
    }
    for (std::size_t half = kLanes / 2; half > 0; half /= 2) {
        for (std::size_t j = 0; j < half; ++j) {
            lane[j] += lane[j + half];
        }
    }
    return lane[0];
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) float dot_avx2(const float* a, const float* b, std::size_t size) {
    __m256 lane0 = _mm256_setzero_ps();
    __m256 lane1 = _mm256_setzero_ps();
    __m256 lane2 = _mm256_setzero_ps();
    __m256 lane3 = _mm256_setzero_ps();
    std::size_t i = 0;
    for (; i + kLanes <= size; i += kLanes) {
        const auto product = [&](std::size_t at) __attribute__((target("avx2"))) {
            return _mm256_mul_ps(_mm256_loadu_ps(a + i + at), _mm256_loadu_ps(b + i + at));
        };
        lane0 = _mm256_add_ps(lane0, product(0));
        lane1 = _mm256_add_ps(lane1, product(8));
        lane2 = _mm256_add_ps(lane2, product(16));
        lane3 = _mm256_add_ps(lane3, product(24));
    }
    if (i < size) {
        // A lane without a product must keep its bits; adding +0 does, except to -0, which a sum
        // that began at +0 never is.
        std::array<float, kLanes> rest{};
        for (std::size_t j = 0; i + j < size; ++j) {
            rest[j] = a[i + j] * b[i + j];
        }
        lane0 = _mm256_add_ps(lane0, _mm256_loadu_ps(rest.data()));
        lane1 = _mm256_add_ps(lane1, _mm256_loadu_ps(rest.data() + 8));
        lane2 = _mm256_add_ps(lane2, _mm256_loadu_ps(rest.data() + 16));
        lane3 = _mm256_add_ps(lane3, _mm256_loadu_ps(rest.data() + 24));
    }
    const __m256 by8 = _mm256_add_ps(_mm256_add_ps(lane0, lane2), _mm256_add_ps(lane1, lane3));
    const __m128 by4 = _mm_add_ps(_mm256_castps256_ps128(by8), _mm256_extractf128_ps(by8, 1));
    const __m128 by2 = _mm_add_ps(by4, _mm_movehl_ps(by4, by4));
    const __m128 by1 = _mm_add_ss(by2, _mm_shuffle_ps(by2, by2, 1));
    return _mm_cvtss_f32(by1);
}
#endif

}  // namespace

float dot_by(Kernel kernel, std::span<const float> a, std::span<const float> b) {
    CHECK(a.size() == b.size());
#if defined(__x86_64__)
    if (kernel == Kernel::Avx2) {
        return dot_avx2(a.data(), b.data(), a.size());
    }
#endif
    CHECK(kernel == Kernel::Scalar);
    return dot_scalar(a.data(), b.data(), a.size());
}

float dot(std::span<const float> a, std::span<const float> b) {
    return dot_by(best_kernel(), a, b);
}

float norm(std::span<const float> a) {
    return std::sqrt(dot(a, a));
}

float cosine(std::span<const float> a, std::span<const float> b) {
    const float lengths = norm(a) * norm(b);
    return lengths == 0 ? 0.0F : std::clamp(dot(a, b) / lengths, -1.0F, 1.0F);
}

float normalise(std::span<float> a) {
    const float length = norm(a);
    if (length > 0) {
        const float factor = 1.0F / length;
        for (float& value : a) {
            value *= factor;
        }
    }
    return length;
}

}  // namespace flywheel::vectors
