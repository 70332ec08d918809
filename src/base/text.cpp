// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <cstdlib>
#include <memory>

#include <fmt/format.h>
#include <utf8proc.h>

namespace flywheel {

namespace {

constexpr std::size_t kNone = std::string_view::npos;

/// Length of the valid sequence at `at`, 0 when there is none (Unicode 15, table 3-7).
std::size_t sequence_length(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) -> unsigned {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    const auto follows = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
    const unsigned lead = byte(at);
    if (lead < 0x80) {
        return 1;
    }
    if (lead >= 0xC2 && lead < 0xE0) {
        return follows(at + 1) ? 2 : 0;
    }
    if (lead >= 0xE0 && lead < 0xF0) {
        const unsigned second = byte(at + 1);
        const bool overlong = lead == 0xE0 && second < 0xA0;
        const bool surrogate = lead == 0xED && second >= 0xA0;
        return follows(at + 1) && follows(at + 2) && !overlong && !surrogate ? 3 : 0;
    }
    if (lead >= 0xF0 && lead < 0xF5) {
        const unsigned second = byte(at + 1);
        const bool overlong = lead == 0xF0 && second < 0x90;
        const bool too_large = lead == 0xF4 && second >= 0x90;
        return follows(at + 1) && follows(at + 2) && follows(at + 3) && !overlong && !too_large ? 4
                                                                                               : 0;
    }
    return 0;
}

/// True for code points whose NFC_Quick_Check is Yes and whose combining class is 0 in the blocks
/// that Korean and English text is made of, so that ordinary text needs no table.
bool surely_composed(char32_t code_point) {
    return code_point < 0x300 || (code_point >= 0xAC00 && code_point <= 0xD7A3) ||
           (code_point >= 0x2010 && code_point <= 0x2027) ||
           (code_point >= 0x3000 && code_point <= 0x3029) ||
           (code_point >= 0x4E00 && code_point <= 0x9FFF) ||
           (code_point >= 0x30A1 && code_point <= 0x30FA);
}

}  // namespace

std::size_t first_invalid_utf8(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t length = sequence_length(text, at);
        if (length == 0) {
            return at;
        }
        at += length;
    }
    return kNone;
}

Result<void> check_utf8(std::string_view text) {
    const std::size_t at = first_invalid_utf8(text);
    if (at != kNone) {
        return invalid_argument(fmt::format("Text is not valid UTF-8 at byte {}", at));
    }
    return {};
}

std::size_t code_points(std::string_view text) {
    std::size_t count = 0;
    for (const char byte : text) {
        count += (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U ? 1 : 0;
    }
    return count;
}

void append_utf8(std::string& out, char32_t code_point) {
    const auto put = [&](unsigned byte) { out += static_cast<char>(byte); };
    if (code_point < 0x80) {
        put(code_point);
    } else if (code_point < 0x800) {
        put(0xC0U | code_point >> 6U);
        put(0x80U | (code_point & 0x3FU));
    } else if (code_point < 0x10000) {
        put(0xE0U | code_point >> 12U);
        put(0x80U | (code_point >> 6U & 0x3FU));
        put(0x80U | (code_point & 0x3FU));
    } else {
        put(0xF0U | code_point >> 18U);
        put(0x80U | (code_point >> 12U & 0x3FU));
        put(0x80U | (code_point >> 6U & 0x3FU));
        put(0x80U | (code_point & 0x3FU));
    }
}

bool is_quickly_nfc(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        if (static_cast<unsigned char>(text[at]) < 0x80) {
            ++at;
        } else if (!surely_composed(next_code_point(text, at))) {
            return false;
        }
    }
    return true;
}

std::string nfc(std::string_view text) {
    if (is_quickly_nfc(text)) {
        return std::string(text);
    }
    utf8proc_uint8_t* composed = nullptr;
    const auto length = utf8proc_map(
        reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
        static_cast<utf8proc_ssize_t>(text.size()),
        &composed,
        static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE)
    );
    const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(composed, &std::free);
    if (length < 0) {
        return std::string(text);
    }
    return {reinterpret_cast<const char*>(composed), static_cast<std::size_t>(length)};
}

std::size_t display_width(std::string_view text) {
    std::size_t width = 0;
    for (std::size_t at = 0; at < text.size();) {
        const auto code_point = static_cast<utf8proc_int32_t>(next_code_point(text, at));
        width += static_cast<std::size_t>(std::max(0, utf8proc_charwidth(code_point)));
    }
    return width;
}

std::string fit_width(std::string_view text, std::size_t columns) {
    const std::size_t full = display_width(text);
    if (full <= columns) {
        return std::string(text) + std::string(columns - full, ' ');
    }
    std::string cut;
    std::size_t width = 0;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t begin = at;
        const auto code_point = static_cast<utf8proc_int32_t>(next_code_point(text, at));
        const auto wide = static_cast<std::size_t>(std::max(0, utf8proc_charwidth(code_point)));
        if (width + wide + 1 > columns) {
            break;
        }
        width += wide;
        cut += text.substr(begin, at - begin);
    }
    if (columns > 0) {
        cut += "…";
        ++width;
    }
    return cut + std::string(columns - std::min(columns, width), ' ');
}

std::string printable(std::string_view text) {
    std::string out;
    for (const char byte : text) {
        if (byte == '\n') {
            out += "\\n";
        } else if (byte == '\t') {
            out += "\\t";
        } else if (byte == '\r') {
            out += "\\r";
        } else if (static_cast<unsigned char>(byte) < 0x20 || byte == 0x7F) {
            out += fmt::format("\\x{:02x}", static_cast<unsigned>(byte));
        } else {
            out += byte;
        }
    }
    return out;
}

std::string_view trim(std::string_view text) {
    constexpr std::string_view kSpaces = " \t\r\n\f\v";
    const auto first = text.find_first_not_of(kSpaces);
    if (first == kNone) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

}  // namespace flywheel
