// SPDX-License-Identifier: Apache-2.0
#include "ports/sources/files/row_sink.h"

#include <fmt/format.h>

#include "base/text.h"
#include "ports/sources/files/files_source.h"

namespace flywheel::files {

namespace {

constexpr std::size_t kRejectionsKept = 100;

/// White_Space of Unicode, and the byte order mark.
bool is_space(char32_t c) {
    return c == U' ' || (c >= 0x09 && c <= 0x0D) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200B) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
           c == 0x205F || c == 0x3000 || c == 0xFEFF;
}

bool is_blank(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        if (!is_space(next_code_point(text, at))) {
            return false;
        }
    }
    return true;
}

}  // namespace

Result<void> RowSink::accept(SourceRow&& row) {
    ++summary_.rows;
    return visit_(std::move(row));
}

void RowSink::reject(std::int64_t line, Problem problem) {
    ++summary_.rejected;
    if (summary_.first_rejections.size() < kRejectionsKept) {
        summary_.first_rejections.push_back(
            {.line = line, .field = std::move(problem.field), .message = std::move(problem.message)}
        );
    }
}

std::optional<Problem> check_text(std::string_view text, const ColumnNames& columns) {
    if (text.size() > kTextBytesMax) {
        return Problem{
            columns.text,
            fmt::format(
                "The text is over the limit of 1 MiB ({} bytes): {} bytes",
                kTextBytesMax,
                text.size()
            )
        };
    }
    if (is_blank(text)) {
        return Problem{
            columns.text, text.empty() ? "The text is empty" : "The text is only white space"
        };
    }
    return std::nullopt;
}

std::optional<Problem> set_time(std::string_view text, const ColumnNames& columns, SourceRow& row) {
    const auto time = parse_time(text);
    if (!time) {
        return Problem{columns.time, time.error().message};
    }
    row.time = *time;
    return std::nullopt;
}

}  // namespace flywheel::files
