#pragma once
// SPDX-License-Identifier: Apache-2.0
// JSON outside the request path (that one is simdjson, in gateway/). The value type is nlohmann's;
// its heavy header is included only by .cpp files, through base/json_value.h.

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"

namespace flywheel {

using Json = nlohmann::json;

/// Strict: one value, valid UTF-8, no repeated key in an object, nesting of at most 100, nothing
/// behind it. InvalidArgument names line and column (both from 1, column in bytes).
Result<Json> parse_json(std::string_view text);

/// Compact, keys sorted, UTF-8 as it is: the same value gives the same bytes, so it can be hashed.
/// Numbers that are not finite become null. Invalid UTF-8 in a string is replaced by U+FFFD.
[[nodiscard]] std::string canonical(const Json& value);
/// For people: two spaces a level.
[[nodiscard]] std::string pretty(const Json& value);

}  // namespace flywheel
