// SPDX-License-Identifier: Apache-2.0
#include "vectors/half.h"

#include <bit>
#include <cstddef>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "base/result.h"

namespace flywheel::vectors {

namespace {

constexpr std::uint32_t kFloatInfinity = 0x7F800000U;
constexpr std::uint32_t kHalfInfinity = 0x7C00U;
/// The smallest float that is a normal half: 2^-14.
constexpr std::uint32_t kSmallestNormal = 0x38800000U;
/// Floats from here on (65,520) round to infinity.
constexpr std::uint32_t kOverflow = 0x477FF000U;

#if defined(__x86_64__)
/// The instruction for it does, bit for bit, what to_half() does for one.
__attribute__((target("f16c"))) std::size_t to_half_by_eights(
    std::span<const float> values, std::uint16_t* out
) {
    std::size_t i = 0;
    for (; i + 8 <= values.size(); i += 8) {
        const __m256 eight = _mm256_loadu_ps(values.data() + i);
        auto* to = reinterpret_cast<__m128i*>(out + i);  // NOLINT: the intrinsic's type
        _mm_storeu_si128(to, _mm256_cvtps_ph(eight, _MM_FROUND_TO_NEAREST_INT));
    }
    return i;
}

bool has_half_instruction() {
    static const bool kHas = __builtin_cpu_supports("f16c") != 0;
    return kHas;
}
#else
std::size_t to_half_by_eights(std::span<const float> /*values*/, std::uint16_t* /*out*/) {
    return 0;
}

bool has_half_instruction() {
    return false;
}
#endif

}  // namespace

std::uint16_t to_half(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t sign = bits >> 16U & 0x8000U;
    const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
    std::uint32_t half = 0;
    if (magnitude > kFloatInfinity) {
        half = kHalfInfinity | 0x200U | (magnitude >> 13U & 0x3FFU);
    } else if (magnitude >= kOverflow) {
        half = kHalfInfinity;
    } else if (magnitude >= kSmallestNormal) {
        // Re-bias the exponent by 127 - 15, then round off 13 bits: half an ulp less one, plus the
        // lowest kept bit, makes ties even. A carry runs into the exponent, as it should.
        const std::uint32_t rebased = magnitude - (112U << 23U);
        half = (rebased + 0xFFFU + (rebased >> 13U & 1U)) >> 13U;
    } else {
        // Subnormal: adding 0.5 makes the float unit round at 2^-24, which is the half's last
        // place.
        const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
        half = std::bit_cast<std::uint32_t>(shifted) - std::bit_cast<std::uint32_t>(0.5F);
    }
    return static_cast<std::uint16_t>(sign | half);
}

float from_half(std::uint16_t bits) {
    const std::uint32_t sign = (bits & 0x8000U) << 16U;
    const std::uint32_t exponent = bits >> 10U & 0x1FU;
    const std::uint32_t fraction = bits & 0x3FFU;
    std::uint32_t magnitude = 0;
    if (exponent == 0x1FU) {
        magnitude = kFloatInfinity | fraction << 13U;
    } else if (exponent != 0) {
        magnitude = (exponent + 112U) << 23U | fraction << 13U;
    } else {
        magnitude = std::bit_cast<std::uint32_t>(static_cast<float>(fraction) * 0x1.0p-24F);
    }
    return std::bit_cast<float>(sign | magnitude);
}

void to_half(std::span<const float> values, std::span<std::uint16_t> out) {
    CHECK(values.size() == out.size());
    std::size_t i = has_half_instruction() ? to_half_by_eights(values, out.data()) : 0;
    for (; i < values.size(); ++i) {
        out[i] = to_half(values[i]);
    }
}

void from_half(std::span<const std::uint16_t> bits, std::span<float> out) {
    CHECK(bits.size() == out.size());
    for (std::size_t i = 0; i < bits.size(); ++i) {
        out[i] = from_half(bits[i]);
    }
}

}  // namespace flywheel::vectors
