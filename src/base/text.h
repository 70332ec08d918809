#pragma once
// SPDX-License-Identifier: Apache-2.0
// UTF-8: checking, walking, normalising, shortening for people. Pure functions, any thread.

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace flywheel {

/// Byte offset of the first byte that is not valid UTF-8 (overlong forms, surrogates and values
/// over U+10FFFF are not), or npos when all is valid.
[[nodiscard]] std::size_t first_invalid_utf8(std::string_view text);

/// InvalidArgument "Text is not valid UTF-8 at byte n" if it is not.
Result<void> check_utf8(std::string_view text);

/// Number of code points; `text` is valid UTF-8.
[[nodiscard]] std::size_t code_points(std::string_view text);

/// Reads the code point at `at` and moves `at` behind it; `text` is valid UTF-8, at < size.
[[nodiscard]] inline char32_t next_code_point(std::string_view text, std::size_t& at) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned lead = byte(at);
    if (lead < 0x80) {
        at += 1;
        return lead;
    }
    if (lead < 0xE0) {
        at += 2;
        return (lead & 0x1FU) << 6U | (byte(at - 1) & 0x3FU);
    }
    if (lead < 0xF0) {
        at += 3;
        return (lead & 0x0FU) << 12U | (byte(at - 2) & 0x3FU) << 6U | (byte(at - 1) & 0x3FU);
    }
    at += 4;
    return (lead & 0x07U) << 18U | (byte(at - 3) & 0x3FU) << 12U | (byte(at - 2) & 0x3FU) << 6U |
           (byte(at - 1) & 0x3FU);
}

void append_utf8(std::string& out, char32_t code_point);

/// Appends the shortest decimal form that reads back as the same number.
template <class Number>
void append_number(std::string& out, Number number) {
    std::array<char, 40> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    out.append(digits.data(), end);
}

/// Canonical composition (NFC, Unicode Annex 15). Text that is already NFC by its quick check is
/// returned without work. `text` is valid UTF-8.
[[nodiscard]] std::string nfc(std::string_view text);
/// True when `text` is certainly NFC already (no allocation; false means "perhaps not").
[[nodiscard]] bool is_quickly_nfc(std::string_view text);

/// Full case folding (Unicode CaseFolding, C + F), then NFC: equal texts but for case become equal.
[[nodiscard]] std::string case_folded(std::string_view text);

/// Columns a terminal needs: wide East Asian characters and emoji take two, combining marks none.
[[nodiscard]] std::size_t display_width(std::string_view text);
/// At most `columns` wide, cut with "…" between code points, padded with spaces when shorter.
[[nodiscard]] std::string fit_width(std::string_view text, std::size_t columns);

/// One line for logs and terminals: control characters become escapes such as \n and \x1b.
[[nodiscard]] std::string printable(std::string_view text);

[[nodiscard]] std::string_view trim(std::string_view text);

}  // namespace flywheel
