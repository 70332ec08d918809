// SPDX-License-Identifier: Apache-2.0
// JSON outside the request path: any bytes are a value or refused, and a value that is written can
// be read again and is the same. libFuzzer.

#include "base/json.h"
#include "base/json_value.h"
#include "base/text.h"
#include "fuzz_input.h"

namespace flywheel {

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = testing::FuzzInput(data, size).rest();
    const auto value = parse_json(text);
    if (!value) {
        CHECK(value.error().code == Code::InvalidArgument);
        return 0;
    }
    CHECK(first_invalid_utf8(text) == std::string_view::npos);
    const std::string written = canonical(*value);
    const auto again = parse_json(written);
    CHECK(again && canonical(*again) == written);
    CHECK(parse_json(pretty(*value)).has_value());
    return 0;
}

}  // namespace flywheel
