#pragma once
// SPDX-License-Identifier: Apache-2.0
// One request on its way into the access log: packed by a request thread into bytes, made into a
// JSON line by the log's thread. Pure functions.

#include <string>
#include <string_view>

#include "base/clock.h"
#include "gateway/http/http_server.h"

namespace flywheel::trail {

/// Longer texts are cut: a line has an upper bound.
constexpr std::size_t kMostIdBytes = 256;
constexpr std::size_t kMostModelBytes = 128;

/// Appends the request as packed bytes, which hold nothing but what the line shows (the route as a
/// pointer: it outlives the log).
void pack_access(std::string& out, const http::HttpTrace& trace, Time now);

/// Takes one packed request off the front of `packed` and appends its line, with the line's end.
void append_access_line(std::string& out, std::string_view& packed);

/// The trace id of a `traceparent` field (W3C Trace Context, level 1, section 3.2): 32 lower-case
/// hexadecimal digits; "" when the field is not of that form or the id is all zeros.
[[nodiscard]] std::string_view trace_id_of(std::string_view traceparent);

}  // namespace flywheel::trail
