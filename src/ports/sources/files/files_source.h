#pragma once
// SPDX-License-Identifier: Apache-2.0
// Rows from a file: JSON lines, CSV or TSV, each also gzip. Made by app/. Reading starts anew with
// each read(); threads may read one source side by side.

#include <filesystem>
#include <memory>

#include "ports/sources/source.h"

namespace flywheel::files {

/// A text may have at most this many bytes.
inline constexpr std::size_t kTextBytesMax = 1U << 20U;
/// A row (line or record) may have at most this many; beyond it, it is skipped without being kept.
inline constexpr std::size_t kRowBytesMax = 16U << 20U;

/// The format is told by the name (.jsonl, .ndjson, .csv, .tsv, with or without .gz) and, where
/// that says nothing, by the first bytes. NotFound without the file; InvalidArgument when `columns`
/// has no text. read() gives InvalidArgument when a table's header has no text column or the file
/// is UTF-16, and Corrupt when its compressed bytes are damaged.
Result<std::unique_ptr<Source>> open(const std::filesystem::path& path, ColumnNames columns = {});

}  // namespace flywheel::files
