// SPDX-License-Identifier: Apache-2.0
#include "tasks/text/payload.h"

#include <fmt/format.h>

#include "base/text.h"

namespace flywheel::text {

namespace {

bool is_blank(std::string_view payload) {
    for (std::size_t at = 0; at < payload.size();) {
        if (!is_white_space(next_code_point(payload, at))) {
            return false;
        }
    }
    return true;
}

}  // namespace

bool is_white_space(char32_t code_point) {
    return (code_point >= 0x09 && code_point <= 0x0D) || code_point == 0x20 || code_point == 0x85 ||
           code_point == 0xA0 || code_point == 0x1680 ||
           (code_point >= 0x2000 && code_point <= 0x200A) || code_point == 0x2028 ||
           code_point == 0x2029 || code_point == 0x202F || code_point == 0x205F ||
           code_point == 0x3000;
}

Result<void> check_payload(std::string_view payload) {
    if (payload.size() > kPayloadBytesMax) {
        return invalid_argument(fmt::format(
            "Text is too long; cut it to {} bytes: {} bytes", kPayloadBytesMax, payload.size()
        ));
    }
    TRY(check_utf8(payload));
    if (is_blank(payload)) {
        return invalid_argument(
            fmt::format("Text is empty or only white space: {} bytes", payload.size())
        );
    }
    return {};
}

std::string comparable(std::string_view payload) {
    const std::string folded = case_folded(payload);
    std::string out;
    out.reserve(folded.size());
    bool gap = false;
    for (std::size_t at = 0; at < folded.size();) {
        const std::size_t begin = at;
        if (is_white_space(next_code_point(folded, at))) {
            gap = !out.empty();
            continue;
        }
        if (gap) {
            out += ' ';
            gap = false;
        }
        out.append(folded, begin, at - begin);
    }
    return out;
}

}  // namespace flywheel::text
