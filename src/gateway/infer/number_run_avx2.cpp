// SPDX-License-Identifier: Apache-2.0
// Two short numbers at once, or one long one. Where a comma stands is known first, for a chunk of
// the text; then each number stands at the end of 16 or 32 bytes, whatever its length, and nothing
// branches on what nobody could foretell.
#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "gateway/infer/number_forms.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "gateway/infer/number_tokens.h"

namespace flywheel::gateway {

#if defined(__x86_64__)

namespace {

constexpr std::size_t kMostChars = 24;  // without the sign; so at most 22 behind the point
constexpr std::uint64_t kExact = std::uint64_t{1} << 53U;  // FP64 holds all integers up to it
constexpr std::uint64_t kTenTo8 = 100'000'000;
constexpr std::uint64_t kTenTo16 = kTenTo8 * kTenTo8;

/// 32 bytes from `n` on end with n bytes of ones; the rest are zeros.
alignas(kTextBlock) constexpr std::array<std::uint8_t, kTextBlock> kLast = [] {
    std::array<std::uint8_t, kTextBlock> bytes{};
    std::fill(bytes.begin() + kTextBlock / 2, bytes.end(), std::uint8_t{0xFF});
    return bytes;
}();

/// From memory: GCC would make them anew for each use.
alignas(32) constexpr auto kNines = [] {
    std::array<std::uint8_t, 32> nines{};
    nines.fill(9);
    return nines;
}();

constexpr std::size_t kSigned = 32;  // where the powers of negative numbers begin

/// By the digits behind the point: what FP32 multiplies with (rounded once, since 1 and 10^22 are
/// exact), what FP64 divides by.
template <class T>
constexpr std::array<double, 2 * kSigned> kScales = [] {
    std::array<double, 2 * kSigned> scales{};
    double power = 1;
    for (std::size_t i = 0; i < kMostChars - 1; ++i, power *= 10) {
        scales[i] = std::is_same_v<T, float> ? 1 / power : power;
        scales[kSigned + i] = -scales[i];
    }
    return scales;
}();

[[gnu::target("avx2,bmi,lzcnt,popcnt"), gnu::always_inline]] inline __m256i load(const void* from) {
    return _mm256_loadu_si256(static_cast<const __m256i*>(from));
}

[[gnu::target("avx2,bmi,lzcnt,popcnt"), gnu::always_inline]] inline std::uint32_t equal(
    __m256i chars, char wanted
) {
    return static_cast<std::uint32_t>(
        _mm256_movemask_epi8(_mm256_cmpeq_epi8(chars, _mm256_set1_epi8(wanted)))
    );
}

/// Bits 33 - size to 30: where a point may stand that is neither first nor last.
constexpr std::array<std::uint32_t, kMostChars + 1> kInside = [] {
    std::array<std::uint32_t, kMostChars + 1> bits{};
    for (std::size_t size = 1; size < bits.size(); ++size) {
        bits[size] = 0x7FFF'FFFFU & static_cast<std::uint32_t>(~std::uint64_t{0} << (33 - size));
    }
    return bits;
}();

/// What a token without its sign is made of, by where its points stand: the last may be inside it.
struct Parts {
    std::size_t after;     ///< Characters behind the point; 32 without one.
    std::size_t fraction;  ///< Digits behind the point.
    std::size_t count;     ///< Digits.
    std::size_t scale;     ///< Which of kScales.
};

[[gnu::target("avx2,bmi,lzcnt,popcnt"), gnu::always_inline]] inline Parts parts_of(
    const NumberToken& token, std::uint32_t points
) {
    Parts parts;
    parts.after = _lzcnt_u32(points & kInside[token.size]);
    parts.fraction = parts.after % 32;
    parts.count = token.size - 1 + parts.after / 32;
    parts.scale = parts.fraction + (token.negative ? kSigned : 0);
    return parts;
}

/// As 01 is, which is no number.
[[gnu::always_inline]] inline bool is_padded(const NumberToken& token, const Parts& parts) {
    const auto zero = static_cast<unsigned>(*token.at == '0');
    return (zero & static_cast<unsigned>(parts.count != parts.fraction + 1)) != 0;
}

/// As 0.25 has, and most of what models are fed.
[[gnu::always_inline]] inline bool has_one_whole_digit(const NumberToken& token) {
    return token.at[1] == '.' && token.size > 2;
}

[[gnu::always_inline]] inline Parts parts_with_one_whole_digit(const NumberToken& token) {
    const std::size_t fraction = token.size - 2;
    return {fraction, fraction, fraction + 1, fraction + (token.negative ? kSigned : 0)};
}

/// The digits of a text whose last `after` characters stand behind a point, and which is in
/// `before` one character later.
[[gnu::target("avx2,bmi,lzcnt,popcnt"), gnu::always_inline]] inline __m256i joined(
    __m256i chars, __m256i before, __m256i after, __m256i count
) {
    const __m256i text =
        _mm256_xor_si256(before, _mm256_and_si256(_mm256_xor_si256(before, chars), after));
    return _mm256_and_si256(_mm256_xor_si256(text, _mm256_set1_epi8('0')), count);
}

[[gnu::target("avx2,bmi,lzcnt,popcnt"), gnu::always_inline]] inline bool are_digits(__m256i digits
) {
    const __m256i over = _mm256_subs_epu8(digits, load(kNines.data()));
    return _mm256_testz_si256(over, over) != 0;
}

/// Pairs, fours, eights: of each 16 digits the first eight and the last eight, twice.
[[gnu::target("avx2,bmi,lzcnt,popcnt"), gnu::always_inline]] inline __m256i by_eights(__m256i digits
) {
    const __m256i by2 = _mm256_maddubs_epi16(digits, _mm256_set1_epi16(0x010A));
    const __m256i by4 = _mm256_madd_epi16(by2, _mm256_set1_epi32(0x0001'0064));
    return _mm256_madd_epi16(_mm256_packus_epi32(by4, by4), _mm256_set1_epi32(0x0001'2710));
}

[[gnu::target("avx2,bmi,lzcnt,popcnt"), gnu::always_inline]] inline __m256i load_two(
    const void* low, const void* high
) {
    return _mm256_inserti128_si256(
        _mm256_castsi128_si256(_mm_loadu_si128(static_cast<const __m128i*>(low))),
        _mm_loadu_si128(static_cast<const __m128i*>(high)),
        1
    );
}

constexpr std::size_t kMostInTwo = 15;

/// Two tokens of at most 15 characters, whose digits FP64 holds.
template <class T>
[[gnu::target("avx2,bmi,lzcnt,popcnt"), gnu::always_inline]] inline bool read_two(
    const NumberToken& a, const NumberToken& b, double* sizes
) {
    const __m256i chars = load_two(a.window - 16, b.window - 16);
    Parts x;
    Parts y;
    if (has_one_whole_digit(a) && has_one_whole_digit(b)) [[likely]] {
        x = parts_with_one_whole_digit(a);
        y = parts_with_one_whole_digit(b);
    } else {
        const std::uint32_t points = equal(chars, '.');
        x = parts_of(a, points << 16U);
        y = parts_of(b, points);
        if (is_padded(a, x) || is_padded(b, y)) [[unlikely]] {
            return false;
        }
    }
    const std::uint8_t* const masks = kLast.data() + 16;
    const __m256i digits = joined(
        chars,
        load_two(a.window - 17, b.window - 17),
        load_two(masks + x.after, masks + y.after),
        load_two(masks + x.count, masks + y.count)
    );
    if (!are_digits(digits)) [[unlikely]] {
        return false;
    }
    const __m128i eights = _mm256_castsi256_si128(_mm256_permute4x64_epi64(by_eights(digits), 8));
    const __m128i values =
        _mm_add_epi64(_mm_mul_epu32(eights, _mm_set1_epi64x(kTenTo8)), _mm_srli_epi64(eights, 32));
    // 2^52 + a value below it: the value in the last bits.
    const __m128d two52 = _mm_set1_pd(0x1p52);
    const __m128d exact =
        _mm_sub_pd(_mm_castsi128_pd(_mm_or_si128(values, _mm_castpd_si128(two52))), two52);
    const __m128d scales = _mm_loadh_pd(_mm_load_sd(&kScales<T>[x.scale]), &kScales<T>[y.scale]);
    _mm_storeu_pd(
        sizes, std::is_same_v<T, float> ? _mm_mul_pd(exact, scales) : _mm_div_pd(exact, scales)
    );
    return true;
}

/// A token of at most 24 characters and 18 significant digits.
template <class T>
[[gnu::target("avx2,bmi,lzcnt,popcnt"), gnu::always_inline]] inline bool read_one(
    const NumberToken& token, double& size
) {
    if (token.size - 1 >= kMostChars) [[unlikely]] {
        return false;
    }
    const __m256i chars = load(token.window - 32);
    const Parts parts = parts_of(token, equal(chars, '.'));
    const __m256i digits = joined(
        chars,
        load(token.window - 33),
        load(kLast.data() + parts.after),
        load(kLast.data() + parts.count)
    );
    if (!are_digits(digits) || is_padded(token, parts)) [[unlikely]] {
        return false;
    }
    const __m256i eights = by_eights(digits);
    const auto high =
        static_cast<std::uint32_t>(_mm_extract_epi32(_mm256_castsi256_si128(eights), 1));
    const auto low =
        static_cast<std::uint64_t>(_mm_cvtsi128_si64(_mm256_extracti128_si256(eights, 1)));
    const std::uint64_t value = high * kTenTo16 + (low & 0xFFFF'FFFFU) * kTenTo8 + (low >> 32U);
    if (high >= 100 || (std::is_same_v<T, double> && value > kExact)) [[unlikely]] {
        return false;
    }
    const auto exact = static_cast<double>(static_cast<std::int64_t>(value));
    const double scale = kScales<T>[parts.scale];
    size = std::is_same_v<T, float> ? exact * scale : exact / scale;
    return true;
}

/// Reads tokens by twos from `number` on; where one stands that is not for read_two().
template <class T>
[[gnu::target("avx2,bmi,lzcnt,popcnt")]] std::size_t read_twos(
    const NumberTokens& tokens, std::size_t number, double* sizes
) {
    while (number + 1 < tokens.count) {
        const NumberToken a = number_token_at(tokens, number);
        const NumberToken b = number_token_at(tokens, number + 1);
        if (a.size - 1 >= kMostInTwo || b.size - 1 >= kMostInTwo ||
            !read_two<T>(a, b, sizes + number)) [[unlikely]] {
            break;
        }
        number += 2;
    }
    return number;
}

/// Reads a token, and those behind it while they are long; where one stands that is not for
/// read_one(), or is short.
template <class T>
[[gnu::target("avx2,bmi,lzcnt,popcnt")]] std::size_t read_ones(
    const NumberTokens& tokens, std::size_t number, double* sizes
) {
    const std::size_t first = number;
    for (; number != tokens.count; ++number) {
        const NumberToken token = number_token_at(tokens, number);
        if ((token.size <= kMostInTwo && number > first + 1) ||
            !read_one<T>(token, sizes[number])) {
            break;
        }
    }
    return number;
}

/// Rounds to FP32; false when a value is as near to the middle of two as read_number() forbids.
[[gnu::target("avx2,bmi,lzcnt,popcnt")]] bool narrow(
    std::span<double> sizes, std::size_t count, float* values
) {
    std::fill_n(sizes.begin() + static_cast<std::ptrdiff_t>(count), 4, 0.0);
    __m256i near = _mm256_setzero_si256();
    for (std::size_t i = 0; i < count; i += 4) {
        const __m256d size = _mm256_loadu_pd(sizes.data() + i);
        const __m256i dropped = _mm256_and_si256(
            _mm256_sub_epi64(_mm256_castpd_si256(size), _mm256_set1_epi64x(0x0FFF'FFFC)),
            _mm256_set1_epi64x(0x1FFF'FFFF)
        );
        near = _mm256_or_si256(near, _mm256_cmpgt_epi32(_mm256_set1_epi64x(9), dropped));
        std::array<float, 4> rounded;
        _mm_storeu_ps(rounded.data(), _mm256_cvtpd_ps(size));
        if (count - i >= 4) [[likely]] {
            std::memcpy(values + i, rounded.data(), sizeof rounded);
        } else {
            std::copy_n(rounded.begin(), count - i, values + i);
        }
    }
    return _mm256_testz_si256(near, near) != 0;
}

template <class T>
bool read_chunk(const NumberTokens& tokens, T* values) {
    std::array<double, kTextChunk / 2 + 8> buffer;  // a token has a character and a comma
    double* sizes = buffer.data();
    if constexpr (std::is_same_v<T, double>) {
        sizes = values;
    }
    std::size_t at = 0;
    while ((at = read_twos<T>(tokens, at, sizes)) != tokens.count) {
        const std::size_t before = at;
        at = read_ones<T>(tokens, at, sizes);
        if (at != before) {
            continue;
        }
        const char* const from = tokens.starts[at];
        const char* const to = tokens.starts[at + 1] - 1;
        T value = 0;
        if (!read_number({from, static_cast<std::size_t>(to - from)}, value)) {
            return false;
        }
        sizes[at++] = static_cast<double>(value);
    }
    if constexpr (std::is_same_v<T, float>) {
        return narrow(buffer, tokens.count, values);
    }
    return true;
}

template <class T>
bool read_chunks(std::string_view text, std::span<T> values, std::size_t& count) {
    count = 0;
    std::array<char, 2 * kTextBlock> head{};  // so that all of the text has something before it
    std::memcpy(head.data() + kTextBlock, text.data(), kTextBlock);
    const char* const end = text.data() + text.size();
    const char* from = text.data();
    NumberTokens tokens;
    tokens.starts[0] = from;
    tokens.shift = head.data() + kTextBlock - from;
    std::size_t length = kTextBlock;
    while (true) {
        const bool last = static_cast<std::size_t>(end - from) <= length;
        const char* const to = last ? end : from + length;
        tokens.count = 0;
        find_number_tokens(from, to, tokens);
        if (last) {
            tokens.starts[++tokens.count] = end + 1;
        }
        if (tokens.count > values.size() - count || !read_chunk(tokens, values.data() + count)) {
            return false;
        }
        count += tokens.count;
        if (last) {
            return true;
        }
        tokens.starts[0] = tokens.starts[tokens.count];
        tokens.shift = 0;
        from = to;
        length = kTextChunk;
    }
}

}  // namespace

bool has_avx2_form() {
    static const bool kHas = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                             __builtin_cpu_supports("lzcnt") && __builtin_cpu_supports("popcnt");
    return kHas;
}

bool read_run_avx2(std::string_view text, std::span<float> values, std::size_t& count) {
    return read_chunks(text, values, count);
}

bool read_run_avx2(std::string_view text, std::span<double> values, std::size_t& count) {
    return read_chunks(text, values, count);
}

#else

bool has_avx2_form() {
    return false;
}

bool read_run_avx2(std::string_view text, std::span<float> values, std::size_t& count) {
    return read_run_scalar(text, values, count);
}

bool read_run_avx2(std::string_view text, std::span<double> values, std::size_t& count) {
    return read_run_scalar(text, values, count);
}

#endif

}  // namespace flywheel::gateway
