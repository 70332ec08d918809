#pragma once
// SPDX-License-Identifier: Apache-2.0
// Where a Parquet file of captured rows stands, and the list of files that completes a segment
// (docs/internals/formats.md, 4). Used within this adapter. Pure functions, any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "base/result.h"

namespace flywheel {

/// In place of a table's name: a large payload, in a file of its own.
inline constexpr std::string_view kPayloadFile = "payload";

/// One file of one segment.
struct PartitionFile {
    std::string path;   ///< Below the columns folder.
    std::string table;  ///< "predictions", "feedback", "payloads", or kPayloadFile.
    std::string model;
    std::int64_t rows = 0;
    std::uint64_t bytes = 0;
    Time begin;  ///< Least time in it.
    Time end;    ///< Greatest time in it.
    std::uint64_t segment = 0;

    bool operator==(const PartitionFile&) const = default;
};

/// Percent-encoded outside [A-Za-z0-9._-], a leading dot too: no path can leave its folder.
[[nodiscard]] std::string encode_model(std::string_view model);

/// "predictions/model=news/day=2026-11-21/000000000042.parquet"
[[nodiscard]] std::string partition_path(
    std::string_view table, std::string_view model, Time day, std::uint64_t segment
);

/// Of a large payload: beside its table's file, named by the segment as well.
/// "payloads/model=news/day=2026-11-21/000000000042-<64 hex digits>.payload"
[[nodiscard]] std::string payload_path(const std::string& table_path, const Digest& digest);

/// "000000000042.json"
[[nodiscard]] std::string list_name(std::uint64_t segment);

/// The list of a segment's files as JSON.
[[nodiscard]] std::string encode_list(
    std::uint64_t segment, const std::vector<PartitionFile>& files
);
/// InvalidArgument says what is wrong; the caller knows the file.
Result<std::vector<PartitionFile>> decode_list(std::string_view json);

}  // namespace flywheel
