#pragma once
// SPDX-License-Identifier: Apache-2.0
// Rows from JSON lines: one object a line. Used by the files source; one thread.

#include <optional>
#include <string_view>

#include "ports/sources/files/byte_stream.h"
#include "ports/sources/files/row_sink.h"

namespace flywheel::files {

/// Reads the stream to its end. Errors: the visitor's and the stream's.
Result<void> read_json_lines(ByteStream& stream, const ColumnNames& columns, RowSink& sink);

/// Reads an object {person: label} into the row's annotators (cells of tables hold it as text).
[[nodiscard]] std::optional<Problem> set_annotators(
    std::string_view json, const ColumnNames& columns, SourceRow& row
);

}  // namespace flywheel::files
