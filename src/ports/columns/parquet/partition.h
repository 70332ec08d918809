#pragma once
// SPDX-License-Identifier: Apache-2.0
// Where a Parquet file of captured rows stands, and the list of files that completes a segment
// (docs/internals/formats.md, 4). Used within this adapter. Pure functions, any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "base/result.h"
#include "ports/columns/columns.h"

namespace flywheel {

inline constexpr std::string_view kPayloadTable = "payloads";
/// In place of a table's name: a large payload, in a file of its own beside kPayloadTable.
inline constexpr std::string_view kPayloadFile = "payload";

/// The index of ids of a file (id_index.h).
struct IdFile {
    std::string path = {};  ///< Below the columns folder; empty: none of its rows has a key.
    std::uint64_t bytes = 0;

    bool operator==(const IdFile&) const = default;
};

/// One file of one segment.
struct PartitionFile {
    std::string path = {};   ///< Below the columns folder.
    std::string table = {};  ///< "predictions", "feedback", "payloads", or kPayloadFile.
    std::string model = {};
    std::int64_t rows = 0;
    std::uint64_t bytes = 0;
    Time begin = {};                        ///< Least time in it.
    Time end = {};                          ///< Greatest time in it.
    std::vector<ShortLived> stripped = {};  ///< Fields that were cleared in it.
    std::optional<IdFile> ids = {};         ///< Without: whoever looks for an id must read it.

    bool operator==(const PartitionFile&) const = default;
};

/// Percent-encoded outside [A-Za-z0-9._-], a leading dot too: no path can leave its folder.
[[nodiscard]] std::string encode_model(std::string_view model);

/// Segments whose rows stand in the same files: one, or several that were merged.
struct ColumnUnit {
    std::vector<std::uint64_t> segments;  ///< Rising; never empty.
    std::vector<PartitionFile> files;

    bool operator==(const ColumnUnit&) const = default;
};

/// "000000000042" or "000000000042-000000000117".
[[nodiscard]] std::string unit_name(const std::vector<std::uint64_t>& segments);

/// "predictions/model=news/day=2026-11-21/000000000042.parquet"
[[nodiscard]] std::string partition_path(
    std::string_view table, std::string_view model, Time day, std::string_view unit
);

/// End of the day in which the partition of a file ends.
[[nodiscard]] Time end_of_day(Time time);

/// Of an index of ids: beside its table's file, named by its content as well.
/// Readers of a whole folder pass over names that begin so.
/// "predictions/model=news/day=2026-11-21/_000000000042-<16 hex digits>.ids"
[[nodiscard]] std::string ids_path(const std::string& table_path, std::uint64_t content);
/// Of a large payload: beside its table's file, named by the segment as well.
/// "payloads/model=news/day=2026-11-21/000000000042-<64 hex digits>.payload"
[[nodiscard]] std::string payload_path(const std::string& table_path, const Digest& digest);
/// Of whom a file of this path is.
[[nodiscard]] Result<Digest> digest_in_path(const std::string& payload_path);

/// "000000000042.json"
[[nodiscard]] std::string list_name(std::uint64_t segment);

/// The list of a unit as JSON; it is named by the first segment.
[[nodiscard]] std::string encode_list(const ColumnUnit& unit);
/// InvalidArgument says what is wrong; the caller knows the file.
Result<ColumnUnit> decode_list(std::string_view json);

}  // namespace flywheel
