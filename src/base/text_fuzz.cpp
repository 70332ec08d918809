// SPDX-License-Identifier: Apache-2.0
// Texts, times and ids from outside: UTF-8 is told from what is none, and what is made of good text
// is good text. libFuzzer.

#include "base/clock.h"
#include "base/id.h"
#include "base/text.h"
#include "fuzz_input.h"

namespace flywheel {
namespace {

bool is_utf8(std::string_view text) {
    return first_invalid_utf8(text) == std::string_view::npos;
}

void check_walk(std::string_view text) {
    std::string copy;
    std::size_t count = 0;
    for (std::size_t at = 0; at < text.size(); ++count) {
        append_utf8(copy, next_code_point(text, at));
    }
    CHECK(copy == text && count == code_points(text));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    testing::FuzzInput input(data, size);
    const std::size_t columns = input.choose(100);
    const std::string_view text = input.rest();
    if (const auto time = parse_time(text)) {
        const auto again = parse_time(to_rfc3339(*time));
        CHECK(again && *again == *time);
    }
    if (const auto id = Uuid::parse(text)) {
        CHECK(Uuid::parse(id->text()).value() == *id);
    }
    if (!is_utf8(text)) {
        return 0;
    }
    check_walk(text);
    const std::string composed = nfc(text);
    CHECK(is_utf8(composed) && nfc(composed) == composed);
    CHECK(is_utf8(case_folded(text)));
    CHECK(is_utf8(fit_width(text, columns)) && is_utf8(printable(text)));
    return 0;
}

}  // namespace flywheel
