#pragma once
// SPDX-License-Identifier: Apache-2.0
// Four floats at once in portable vector types, and the few functions the fit needs on them. No
// library call and no fused multiply-add: the same bits on every x86-64. Used by this folder's .cpp
// files.

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace flywheel::linear {

using Quad = float __attribute__((vector_size(16)));
using IntQuad = std::int32_t __attribute__((vector_size(16)));

inline constexpr std::size_t kQuad = 4;
/// Rows of class scores are padded to a multiple of this many floats.
inline constexpr std::size_t kLanes = 8;

[[nodiscard]] constexpr std::size_t padded(std::size_t count) {
    return (count + kLanes - 1) / kLanes * kLanes;
}

[[nodiscard]] inline Quad load(const float* from) {
    Quad quad;
    std::memcpy(&quad, from, sizeof quad);
    return quad;
}

inline void store(float* to, Quad quad) {
    std::memcpy(to, &quad, sizeof quad);
}

[[nodiscard]] inline Quad all(float value) {
    return Quad{value, value, value, value};
}

[[nodiscard]] inline float sum(Quad q) {
    return (q[0] + q[2]) + (q[1] + q[3]);
}

[[nodiscard]] inline Quad smaller(Quad a, Quad b) {
    return a < b ? a : b;
}

[[nodiscard]] inline Quad larger(Quad a, Quad b) {
    return a > b ? a : b;
}

/// e^x for x clipped to [-80, 80]; relative error 2e-7 (the polynomial of Cephes' expf).
[[nodiscard]] inline Quad exponential(Quad x) {
    x = smaller(larger(x, all(-80.0F)), all(80.0F));
    // Adding and taking away 1.5 * 2^23 rounds to the nearest whole number.
    const Quad n = (x * 1.44269504F + 12582912.0F) - 12582912.0F;
    const Quad r = x - n * 0.693359375F + n * 2.12194440e-4F;
    Quad p = all(1.9875691500e-4F);
    p = p * r + 1.3981999507e-3F;
    p = p * r + 8.3334519073e-3F;
    p = p * r + 4.1665795894e-2F;
    p = p * r + 1.6666665459e-1F;
    p = p * r + 5.0000001201e-1F;
    p = p * r * r + r + 1.0F;
    const IntQuad power = (__builtin_convertvector(n, IntQuad) + 127) << 23;
    return p * std::bit_cast<Quad>(power);
}

/// Turns `lanes` scores (a multiple of kLanes; the first `classes` count) into e^(score - largest),
/// zero behind the classes; returns their sum and leaves the largest score in `top`.
inline float exponentials(float* scores, std::size_t classes, std::size_t lanes, float& top) {
    top = scores[0];
    for (std::size_t k = 1; k < classes; ++k) {
        top = scores[k] > top ? scores[k] : top;
    }
    for (std::size_t k = classes; k < lanes; ++k) {
        scores[k] = 0;
    }
    for (std::size_t k = 0; k < lanes; k += kQuad) {
        store(scores + k, exponential(load(scores + k) - top));
    }
    for (std::size_t k = classes; k < lanes; ++k) {
        scores[k] = 0;
    }
    Quad total = all(0);
    for (std::size_t k = 0; k < lanes; k += kQuad) {
        total += load(scores + k);
    }
    return sum(total);
}

/// Scores to probabilities in place; returns ln sum e^score.
inline float softmax(float* scores, std::size_t classes, std::size_t lanes) {
    float top = 0;
    const float total = exponentials(scores, classes, lanes, top);
    const float factor = 1.0F / total;
    for (std::size_t k = 0; k < lanes; k += kQuad) {
        store(scores + k, load(scores + k) * factor);
    }
    return top + std::log(total);
}

}  // namespace flywheel::linear
