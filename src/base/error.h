#pragma once
// SPDX-License-Identifier: Apache-2.0
// Error: what went wrong, of nine kinds, with the place where it was noticed. Made by everybody,
// carried by Result (base/result.h), which is what code includes.

#include <array>
#include <cstdio>
#include <cstdlib>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>

namespace flywheel {

/// The nine kinds of failure. Each maps once to an HTTP status and to an exit code.
enum class Code {
    InvalidArgument,  ///< 400: the input is wrong; the message names its place.
    NotFound,         ///< 404: no such model, record, file.
    Conflict,         ///< 409: the state does not allow it (exists already, locked, stale).
    Exhausted,        ///< 429: a limit or quota was reached.
    Cancelled,        ///< 499: the caller went away or asked to stop.
    Internal,         ///< 500: our own failure.
    Corrupt,          ///< 500: stored bytes are damaged.
    Unsupported,      ///< 501: deliberately absent.
    Unavailable,      ///< 503: not now; trying again later may help.
};

/// All nine, in order of declaration.
inline constexpr std::array kAllCodes = {
    Code::InvalidArgument,
    Code::NotFound,
    Code::Conflict,
    Code::Exhausted,
    Code::Cancelled,
    Code::Internal,
    Code::Corrupt,
    Code::Unsupported,
    Code::Unavailable,
};

/// HTTP status of a code.
[[nodiscard]] int http_status(Code code);
/// Process exit code of a code: 2 for InvalidArgument, then 3, 4, ... in declaration order.
[[nodiscard]] int exit_code(Code code);
/// Name of a code as it stands in the source, e.g. "InvalidArgument".
[[nodiscard]] std::string_view name_of(Code code);

struct [[nodiscard]] Error {
    Code code = Code::Internal;
    std::string message;
    const char* file = "";
    unsigned line = 0;

    /// The same error with `context` in front: "context: message".
    [[nodiscard]] Error within(std::string_view context) &&;
};

/// Makes an Error that knows where it was made. A message begins with a fixed sentence and ends
/// with the values.
[[nodiscard]] Error make_error(
    Code code, std::string message, std::source_location where = std::source_location::current()
);

inline Error invalid_argument(
    std::string message, std::source_location where = std::source_location::current()
) {
    return make_error(Code::InvalidArgument, std::move(message), where);
}

inline Error not_found(
    std::string message, std::source_location where = std::source_location::current()
) {
    return make_error(Code::NotFound, std::move(message), where);
}

inline Error corrupt(
    std::string message, std::source_location where = std::source_location::current()
) {
    return make_error(Code::Corrupt, std::move(message), where);
}

inline Error internal_error(
    std::string message, std::source_location where = std::source_location::current()
) {
    return make_error(Code::Internal, std::move(message), where);
}

[[noreturn]] void check_failed(
    const char* expression,
    const std::string& values,
    std::source_location where = std::source_location::current()
);

}  // namespace flywheel
