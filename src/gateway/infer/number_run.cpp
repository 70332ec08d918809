// SPDX-License-Identifier: Apache-2.0
#include "gateway/infer/number_run.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cfloat>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "gateway/infer/number_forms.h"

namespace flywheel::gateway {

namespace {

static_assert(
    std::endian::native == std::endian::little, "words are read with their first digit lowest"
);

/// (-1)^negative x digits x 10^exponent, exactly.
struct PlainNumber {
    std::uint64_t digits = 0;
    int exponent = 0;
    bool negative = false;
};

constexpr int kMostPower = 22;  // FP64 holds 10^22 exactly

/// 10^-22 to 10^22; those below 1 rounded.
constexpr std::array<double, 2 * kMostPower + 1> kPowers = {
    1e-22, 1e-21, 1e-20, 1e-19, 1e-18, 1e-17, 1e-16, 1e-15, 1e-14, 1e-13, 1e-12, 1e-11,
    1e-10, 1e-9,  1e-8,  1e-7,  1e-6,  1e-5,  1e-4,  1e-3,  1e-2,  1e-1,  1e0,   1e1,
    1e2,   1e3,   1e4,   1e5,   1e6,   1e7,   1e8,   1e9,   1e10,  1e11,  1e12,  1e13,
    1e14,  1e15,  1e16,  1e17,  1e18,  1e19,  1e20,  1e21,  1e22
};

double power_of_ten(int exponent) {
    return kPowers[static_cast<std::size_t>(std::int64_t{exponent} + kMostPower)];
}

constexpr std::array<std::uint64_t, 17> kWholePowers = [] {
    std::array<std::uint64_t, 17> powers{1};
    for (std::size_t i = 1; i < powers.size(); ++i) {
        powers[i] = powers[i - 1] * 10;
    }
    return powers;
}();

constexpr std::ptrdiff_t kMostDigits = 18;  // 10^18 < 2^63
constexpr std::uint64_t kZeros = 0x3030'3030'3030'3030U;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

std::uint64_t eight_chars(const char* from) {
    std::uint64_t chars = 0;
    std::memcpy(&chars, from, sizeof chars);
    return chars;
}

/// One bit for each of 64 characters: is it a comma?
std::uint64_t commas_in(const char* block) {
    std::uint64_t found = 0;
#ifdef __SSE2__
    for (unsigned at = 0; at < 64; at += 16) {
        const __m128i chars = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + at));
        const int equal = _mm_movemask_epi8(_mm_cmpeq_epi8(chars, _mm_set1_epi8(',')));
        found |= std::uint64_t{static_cast<unsigned>(equal)} << at;
    }
#else
    for (unsigned at = 0; at < 64; ++at) {
        found |= std::uint64_t{block[at] == ','} << at;
    }
#endif
    return found;
}

bool are_digits(std::uint64_t chars) {
    constexpr std::uint64_t kHigh = 0xF0F0'F0F0'F0F0'F0F0U;
    return (((chars & kHigh) ^ kZeros) | (((chars + 0x0606'0606'0606'0606U) & kHigh) ^ kZeros)) ==
           0;
}

/// The first `count` (0 to 8) of eight characters, moved behind zeros.
std::uint64_t right_aligned(std::uint64_t chars, std::ptrdiff_t count) {
    const auto half = static_cast<unsigned>(4 * (8 - count));  // a shift by 64 would be none
    return ((chars ^ kZeros) << half << half) ^ kZeros;
}

/// Of eight digits: pairs, then fours, then all (D. Lemire, "Number parsing at a gigabyte per
/// second", 2021, section 6).
std::uint64_t value_of(std::uint64_t digits) {
    digits -= kZeros;
    digits = digits * 10 + (digits >> 8U);
    return ((digits & 0x0000'00FF'0000'00FFU) * 0x000F'4240'0000'0064U +
            ((digits >> 16U) & 0x0000'00FF'0000'00FFU) * 0x0000'2710'0000'0001U) >>
           32U;
}

/// Takes digits; where they end.
const char* take_digits(const char* at, const char* end, std::uint64_t& value) {
    for (; at != end && is_digit(*at); ++at) {
        value = value * 10 + static_cast<std::uint64_t>(*at - '0');
    }
    return at;
}

/// One digit, a point, 1 to 16 digits: most of what a model is fed. No branch depends on the value,
/// which nobody could foretell.
[[gnu::always_inline]] inline bool read_fraction(std::string_view token, PlainNumber& number) {
    const char* at = token.data();
    number.negative = *at == '-';
    at += static_cast<std::ptrdiff_t>(number.negative);
    const std::ptrdiff_t count = token.data() + token.size() - at - 2;
    if (count < 1 || count > 16) {
        return false;
    }
    const std::ptrdiff_t first = std::min<std::ptrdiff_t>(count, 8);
    const std::uint64_t high = right_aligned(eight_chars(at + 2), first);
    const std::uint64_t low = right_aligned(eight_chars(at + 2 + first), count - first);
    number.digits =
        static_cast<std::uint64_t>(*at - '0') * kWholePowers[static_cast<std::size_t>(count)] +
        value_of(high) * kWholePowers[static_cast<std::size_t>(count - first)] + value_of(low);
    number.exponent = -static_cast<int>(count);
    return is_digit(*at) && at[1] == '.' && are_digits(high) && are_digits(low);
}

/// Takes `e` and what follows, if it stands there. False: there is no number behind it.
bool take_power(const char*& at, const char* end, int& exponent) {
    if (at == end || (*at != 'e' && *at != 'E')) {
        return true;
    }
    ++at;
    const bool down = at != end && *at == '-';
    at += at != end && (*at == '-' || *at == '+') ? 1 : 0;
    const char* const first = at;
    std::uint64_t value = 0;
    at = take_digits(at, end, value);
    if (at == first || at - first > 3) {
        return false;
    }
    exponent += down ? -static_cast<int>(value) : static_cast<int>(value);
    return true;
}

/// Takes a point and digits, if they stand there; `count` grows by those that are significant.
/// False: there is no digit behind it.
bool take_fraction(const char*& at, const char* end, PlainNumber& number, std::ptrdiff_t& count) {
    if (at == end || *at != '.') {
        return true;
    }
    const char* const fraction = ++at;
    while (count == 0 && at != end && *at == '0') {
        ++at;
    }
    const char* const significant = at;
    at = take_digits(at, end, number.digits);
    count += at - significant;
    number.exponent = static_cast<int>(fraction - at);
    return at != fraction;
}

/// Any JSON number of at most 18 significant digits.
bool read_bare(const char* at, const char* end, PlainNumber& number) {
    number = {};
    number.negative = at != end && *at == '-';
    at += static_cast<std::ptrdiff_t>(number.negative);
    const char* const first = at;
    at = take_digits(at, end, number.digits);
    if (at == first || (at - first > 1 && *first == '0')) {
        return false;
    }
    std::ptrdiff_t count = *first == '0' ? 0 : at - first;
    return take_fraction(at, end, number, count) && count <= kMostDigits &&
           take_power(at, end, number.exponent) && at == end;
}

/// White space around it.
bool read_plain(std::string_view token, PlainNumber& number) {
    const char* end = token.data() + token.size();
    const char* at = token.data();
    while (at != end && is_json_space(*at)) {
        ++at;
    }
    while (at != end && is_json_space(end[-1])) {
        --end;
    }
    return read_fraction({at, static_cast<std::size_t>(end - at)}, number) ||
           read_bare(at, end, number);
}

/// Without a branch: signs cannot be foretold.
double signed_as(const PlainNumber& number, double size) {
    return std::bit_cast<double>(
        std::bit_cast<std::uint64_t>(size) | std::uint64_t{number.negative} << 63U
    );
}

/// The nearest FP64 value, if two exact operands give it (W. D. Clinger, "How to read floating
/// point numbers accurately", PLDI 1990, section 5).
bool round(const PlainNumber& number, double& value) {
    constexpr std::uint64_t kExact = std::uint64_t{1} << 53U;
    if (number.digits > kExact || std::abs(number.exponent) > kMostPower) {
        return false;
    }
    const auto digits = static_cast<double>(number.digits);
    value = signed_as(
        number,
        number.exponent < 0 ? digits / power_of_ten(-number.exponent)
                            : digits * power_of_ten(number.exponent)
    );
    return true;
}

/// The nearest FP32 value. Digits, power and their product are each rounded to FP64 by half of a
/// last place at most, so the FP64 is less than four of its last places from the number; false when
/// the middle of two FP32 values is as near, and when it is too small or too large.
bool round(const PlainNumber& number, float& value) {
    constexpr std::uint64_t kDropped = 0x1FFF'FFFFU;  // bits that FP64 has and FP32 has not
    constexpr std::uint64_t kMiddle = 0x1000'0000U;
    constexpr std::uint64_t kNear = 4;
    if (std::abs(number.exponent) > kMostPower) {
        return false;
    }
    const double size = static_cast<double>(static_cast<std::int64_t>(number.digits)) *
                        power_of_ten(number.exponent);
    const std::uint64_t dropped = std::bit_cast<std::uint64_t>(size) & kDropped;
    const bool in_range =
        size >= static_cast<double>(FLT_MIN) && size <= static_cast<double>(FLT_MAX);
    if ((!in_range && number.digits != 0) || dropped - (kMiddle - kNear) <= 2 * kNear) {
        return false;
    }
    value = static_cast<float>(signed_as(number, size));
    return true;
}

template <class T>
bool read_run(std::string_view text, std::span<T> values, std::size_t& count) {
    count = 0;
    const auto take = [&](const char* from, const char* to) {
        const std::string_view token(from, static_cast<std::size_t>(to - from));
        PlainNumber number;
        return count < values.size() && !token.empty() &&
               (read_fraction(token, number) || read_plain(token, number)) &&
               round(number, values[count++]);
    };
    const char* const end = text.data() + text.size();
    const char* from = text.data();
    for (const char* block = from; block < end; block += 64) {
        std::uint64_t commas = commas_in(block);
        if (end - block < 64) {
            commas &= (std::uint64_t{1} << static_cast<unsigned>(end - block)) - 1;
        }
        for (; commas != 0; commas &= commas - 1) {
            const char* const comma = block + std::countr_zero(commas);
            if (!take(from, comma)) {
                return false;
            }
            from = comma + 1;
        }
    }
    return take(from, end);
}

}  // namespace

bool read_number(std::string_view token, float& value) {
    PlainNumber number;
    return !token.empty() && read_plain(token, number) && round(number, value);
}

bool read_number(std::string_view token, double& value) {
    PlainNumber number;
    return !token.empty() && read_plain(token, number) && round(number, value);
}

bool read_run_scalar(std::string_view text, std::span<float> values, std::size_t& count) {
    return read_run(text, values, count);
}

bool read_run_scalar(std::string_view text, std::span<double> values, std::size_t& count) {
    return read_run(text, values, count);
}

bool read_number_run(std::string_view text, std::span<float> values, std::size_t& count) {
    return has_avx2_form() ? read_run_avx2(text, values, count)
                           : read_run_scalar(text, values, count);
}

bool read_number_run(std::string_view text, std::span<double> values, std::size_t& count) {
    return has_avx2_form() ? read_run_avx2(text, values, count)
                           : read_run_scalar(text, values, count);
}

}  // namespace flywheel::gateway
