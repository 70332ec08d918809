#pragma once
// SPDX-License-Identifier: Apache-2.0
// Where a text holds what nobody should keep: e-mail addresses, phone numbers, card numbers, IP
// addresses, Korean resident numbers. Used by redaction. Linear in the text; pure functions, any
// thread.

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace flywheel {

enum class SensitiveKind { Email, Phone, Card, Ip, ResidentNumber, Pattern };

inline std::span<const std::string_view> names_of(SensitiveKind) {
    static constexpr std::array<std::string_view, 6> kNames = {
        "email", "phone", "card", "ip", "resident_number", "pattern"
    };
    return kNames;
}

/// Bytes [begin, end) of a text, whole code points.
struct TextSpan {
    std::size_t begin = 0;
    std::size_t end = 0;

    bool operator==(const TextSpan&) const = default;
};

/// Spans of one of the kinds built in, rising, without overlap. `text` is valid UTF-8.
/// Cards: 13 to 19 digits whose Luhn sum (ISO/IEC 7812-1) is 0. Resident numbers: a date, a digit
/// of sex and century, and the check digit; numbers given out since October 2020 have none. Phones:
/// +country..., 0..., and the North American 3-3-4.
[[nodiscard]] std::vector<TextSpan> sensitive_spans(SensitiveKind kind, std::string_view text);

}  // namespace flywheel
