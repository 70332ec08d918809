#pragma once
// SPDX-License-Identifier: Apache-2.0
// Rows from tables: CSV or TSV by RFC 4180, with a header. Used by the files source; one thread.

#include "ports/sources/files/byte_stream.h"
#include "ports/sources/files/row_sink.h"

namespace flywheel::files {

/// Reads the stream to its end. `separator` is a guess from the file's name, ',' or '\t'; the
/// header decides. InvalidArgument when it has no text column; else the visitor's and the stream's
/// errors.
Result<void> read_table(
    ByteStream& stream, char separator, const ColumnNames& columns, RowSink& sink
);

}  // namespace flywheel::files
