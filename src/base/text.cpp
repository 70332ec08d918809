// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <cstdlib>
#include <cstring>
#include <memory>

#include <fmt/format.h>
#include <utf8proc.h>

namespace flywheel {

namespace {

constexpr std::size_t kNone = std::string_view::npos;

/// What may follow a lead byte: how many bytes in all, and the range of the second one, which keeps
/// overlong forms, surrogates and values over U+10FFFF out (Unicode 15, table 3-7).
struct LeadByte {
    std::size_t length = 0;
    unsigned second_min = 0x80;
    unsigned second_max = 0xBF;
};

LeadByte lead_byte(unsigned byte) {
    if (byte < 0x80) {
        return {1};
    }
    if (byte >= 0xC2 && byte < 0xE0) {
        return {2};
    }
    if (byte >= 0xE0 && byte < 0xF0) {
        return {3, byte == 0xE0 ? 0xA0U : 0x80U, byte == 0xED ? 0x9FU : 0xBFU};
    }
    if (byte >= 0xF0 && byte < 0xF5) {
        return {4, byte == 0xF0 ? 0x90U : 0x80U, byte == 0xF4 ? 0x8FU : 0xBFU};
    }
    return {};
}

/// Length of the valid sequence at `at`, 0 when there is none.
std::size_t sequence_length(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) -> unsigned {
        return static_cast<unsigned char>(text[i]);
    };
    const LeadByte lead = lead_byte(byte(at));
    if (lead.length > text.size() - at) {
        return 0;
    }
    for (std::size_t i = 1; i < lead.length; ++i) {
        const unsigned low = i == 1 ? lead.second_min : 0x80U;
        const unsigned high = i == 1 ? lead.second_max : 0xBFU;
        if (byte(at + i) < low || byte(at + i) > high) {
            return 0;
        }
    }
    return lead.length;
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

/// Through utf8proc, with canonical composition; the text itself when that fails.
std::string mapped(std::string_view text, unsigned options) {
    utf8proc_uint8_t* composed = nullptr;
    const auto length = utf8proc_map(
        reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
        static_cast<utf8proc_ssize_t>(text.size()),
        &composed,
        static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | options)
    );
    const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(composed, &std::free);
    if (length < 0) {
        return std::string(text);
    }
    return {reinterpret_cast<const char*>(composed), static_cast<std::size_t>(length)};
}

}  // namespace

std::size_t first_invalid_utf8(std::string_view text) {
    constexpr std::uint64_t kHighBits = 0x8080808080808080U;
    std::size_t at = 0;
    while (at < text.size()) {
        std::uint64_t eight = 0;
        if (text.size() - at >= sizeof eight) {
            std::memcpy(&eight, text.data() + at, sizeof eight);
            if ((eight & kHighBits) == 0) {
                at += sizeof eight;
                continue;
            }
        }
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
    return is_quickly_nfc(text) ? std::string(text) : mapped(text, 0);
}

std::string case_folded(std::string_view text) {
    std::string folded;
    folded.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t begin = at;
        const char32_t code_point = next_code_point(text, at);
        const bool upper = code_point >= U'A' && code_point <= U'Z';
        if (code_point < 0x80) {
            folded += static_cast<char>(upper ? code_point + 32 : code_point);
        } else if (code_point < 0x300 || !surely_composed(code_point)) {
            return mapped(text, UTF8PROC_CASEFOLD);
        } else {
            folded += text.substr(begin, at - begin);
        }
    }
    return folded;
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
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char byte = text[at];
        const auto next = static_cast<unsigned char>(at + 1 < text.size() ? text[at + 1] : '\0');
        if (byte == '\n') {
            out += "\\n";
        } else if (byte == '\t') {
            out += "\\t";
        } else if (byte == '\r') {
            out += "\\r";
        } else if (static_cast<unsigned char>(byte) < 0x20 || byte == 0x7F) {
            out += fmt::format("\\x{:02x}", static_cast<unsigned>(byte));
        } else if (byte == '\xC2' && next >= 0x80 && next < 0xA0) {
            out += fmt::format("\\u00{:02x}", next);  // C1: U+009B begins a terminal's command
            ++at;
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
