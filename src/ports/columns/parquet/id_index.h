#pragma once
// SPDX-License-Identifier: Apache-2.0
// The index of ids of one Parquet file: sorted keys with the times of their rows, so that a look-up
// is a few preads (docs/internals/formats.md, 4.3). Used within this adapter. Any thread.

#include <compare>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "ports/columns/columns.h"
#include "ports/columns/parquet/partition.h"

namespace flywheel {

/// One key of one row.
struct IdEntry {
    std::uint64_t key = 0;
    std::int64_t at = 0;  ///< The row's time, in microseconds.

    auto operator<=>(const IdEntry&) const = default;
};

/// Writes the index of the file at `table_path` below `folder`, durably but for their folder;
/// without entries, none. It is named by what is in it, so that it never stands for another one.
Result<IdFile> write_id_index(
    const std::filesystem::path& folder, const std::string& table_path, std::vector<IdEntry> entries
);

/// Adds to `found` when rows with one of these keys stand in the file. Corrupt, naming the index,
/// when it is absent, or damaged where it was read.
Result<void> find_ids(
    const std::filesystem::path& index,
    std::span<const std::uint64_t> keys,
    std::vector<TimeRange>& found
);

}  // namespace flywheel
