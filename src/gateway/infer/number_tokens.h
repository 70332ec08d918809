#pragma once
// SPDX-License-Identifier: Apache-2.0
// Where the elements of a flat array begin and end, found for a chunk of its text at once. Private
// to the AVX2 form of read_number_run(); any thread.

#include <array>
#include <cstddef>

namespace flywheel::gateway {

constexpr std::size_t kTextBlock = 64;
constexpr std::size_t kTextChunk = 8 * kTextBlock;

/// Tokens whose commas stand in one chunk of the text: token i begins at starts[i], and its comma
/// is before starts[i + 1].
struct NumberTokens {
    std::array<const char*, kTextChunk + 16> starts;
    std::size_t count = 0;
    std::ptrdiff_t shift = 0;  ///< From a comma to its copy, before which 33 bytes are readable.
};

/// The first character from `at` on that is not white space, or `to`.
const char* after_json_space(const char* at, const char* to);

/// A token behind its white space and sign.
struct NumberToken {
    const char* at;
    std::size_t size;
    const char* window;  ///< Its end, or that of its copy.
    bool negative;
};

/// Token `number`; of one without characters the size may be below 0, which is a large one.
[[gnu::always_inline]] inline NumberToken number_token_at(
    const NumberTokens& tokens, std::size_t number
) {
    const char* at = tokens.starts[number];
    const char* const to = tokens.starts[number + 1] - 1;
    if (*at == ' ') {
        ++at;  // as Python writes
    }
    if (*at <= ' ') [[unlikely]] {
        at = after_json_space(at, to);
    }
    const bool negative = *at == '-';
    at += static_cast<std::ptrdiff_t>(negative);
    return {at, static_cast<std::size_t>(to - at), to + tokens.shift, negative};
}

#if defined(__x86_64__)
/// Adds the tokens whose commas stand in [from, end), which is a chunk at most. Needs
/// has_avx2_form(); 64 bytes behind `end` must be readable.
void find_number_tokens(const char* from, const char* end, NumberTokens& tokens);
#endif

}  // namespace flywheel::gateway
