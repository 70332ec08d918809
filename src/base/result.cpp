// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <array>

namespace flywheel {

namespace {

struct CodeRow {
    std::string_view name;
    int http_status;
};

constexpr std::array<CodeRow, 9> kCodes = {{
    {"InvalidArgument", 400},
    {"NotFound", 404},
    {"Conflict", 409},
    {"Exhausted", 429},
    {"Cancelled", 499},
    {"Internal", 500},
    {"Corrupt", 500},
    {"Unsupported", 501},
    {"Unavailable", 503},
}};

}  // namespace

int http_status(Code code) {
    return kCodes.at(static_cast<std::size_t>(code)).http_status;
}

int exit_code(Code code) {
    return static_cast<int>(code) + 2;  // 1 is left to the shell and to uncaught signals
}

std::string_view name_of(Code code) {
    return kCodes.at(static_cast<std::size_t>(code)).name;
}

Error Error::within(std::string_view context) && {
    message.insert(0, ": ").insert(0, context);
    return std::move(*this);
}

Error make_error(Code code, std::string message, std::source_location where) {
    return Error{code, std::move(message), where.file_name(), where.line()};
}

void check_failed(const char* expression, const std::string& values, std::source_location where) {
    // Not through Log: a bug may have broken it, and the process ends here.
    std::fprintf(
        stderr,
        "%s:%u: CHECK failed: %s %s\n",
        where.file_name(),
        where.line(),
        expression,
        values.c_str()
    );
    std::abort();
}

}  // namespace flywheel
