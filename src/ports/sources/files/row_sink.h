#pragma once
// SPDX-License-Identifier: Apache-2.0
// Where the readers of this folder bring their rows: good ones to the visitor, refused ones to the
// summary; and the checks that all formats share. One read, one thread.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "ports/sources/source.h"

namespace flywheel::files {

/// What is wrong with a row, and in which column.
struct Problem {
    std::string field;
    std::string message;
};

class RowSink {
  public:
    explicit RowSink(const std::function<Result<void>(SourceRow&&)>& visit) : visit_(visit) {}

    /// Counts the row and hands it on.
    Result<void> accept(SourceRow&& row);
    /// Counts it; the first hundred are kept.
    void reject(std::int64_t line, Problem problem);

    void set_truncated() { summary_.truncated = true; }

    [[nodiscard]] ReadSummary take() { return std::move(summary_); }

  private:
    const std::function<Result<void>(SourceRow&&)>& visit_;
    ReadSummary summary_;
};

/// Refuses a text that is empty, only white space, or over the limit.
[[nodiscard]] std::optional<Problem> check_text(std::string_view text, const ColumnNames& columns);

/// Reads a time into the row; the problem when it is none.
[[nodiscard]] std::optional<Problem> set_time(
    std::string_view text, const ColumnNames& columns, SourceRow& row
);

}  // namespace flywheel::files
