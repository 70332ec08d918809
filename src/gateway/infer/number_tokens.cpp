// SPDX-License-Identifier: Apache-2.0
#include "gateway/infer/number_tokens.h"

#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "gateway/infer/number_forms.h"

namespace flywheel::gateway {

const char* after_json_space(const char* at, const char* to) {
    while (at < to && is_json_space(*at)) {
        ++at;
    }
    return at;
}

#if defined(__x86_64__)

namespace {

[[gnu::target("avx2"), gnu::always_inline]] inline std::uint32_t commas_in_half(const char* block) {
    const __m256i chars = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block));
    return static_cast<std::uint32_t>(
        _mm256_movemask_epi8(_mm256_cmpeq_epi8(chars, _mm256_set1_epi8(',')))
    );
}

}  // namespace

[[gnu::target("avx2,bmi,lzcnt,popcnt")]] void find_number_tokens(
    const char* from, const char* end, NumberTokens& tokens
) {
    for (; from < end; from += kTextBlock) {
        std::uint64_t commas =
            std::uint64_t{commas_in_half(from + 32)} << 32U | commas_in_half(from);
        if (end - from < static_cast<std::ptrdiff_t>(kTextBlock)) {
            commas &= (std::uint64_t{1} << static_cast<unsigned>(end - from)) - 1;
        }
        const char** to = tokens.starts.data() + tokens.count + 1;
        tokens.count += static_cast<std::size_t>(_mm_popcnt_u64(commas));
        // Six at once, wanted or not: how many there are cannot be foretold.
        do {
#pragma GCC unroll 6
            for (std::size_t i = 0; i < 6; ++i, commas &= commas - 1) {
                *to++ = from + _tzcnt_u64(commas) + 1;
            }
        } while (commas != 0);
    }
}

#endif

}  // namespace flywheel::gateway
