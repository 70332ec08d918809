#pragma once
// SPDX-License-Identifier: Apache-2.0
// Captured payloads in files: small ones in their table, large ones each in a file beside it. Used
// within this adapter. Any thread.

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ports/columns/parquet/partition.h"
#include "records/payload.h"

namespace flywheel {

inline constexpr std::string_view kPayloadTable = "payloads";

/// Writes those that are too large for their table, durably but for their folder, which is there.
Result<std::vector<PartitionFile>> write_large_payloads(
    const std::filesystem::path& folder, std::uint64_t segment, const std::vector<Payload>& payloads
);

/// Calls `visit` with the payloads of one table that are wanted, the large ones with their bytes.
/// Corrupt, naming the file, when something is damaged.
Result<void> read_payload_table(
    const std::filesystem::path& folder,
    const PartitionFile& file,
    const std::function<bool(const Digest&)>& wants,
    const std::function<Result<void>(Payload&&)>& visit
);

/// All bytes of a file; Corrupt when it cannot be read.
Result<std::string> read_whole_file(const std::filesystem::path& path);

}  // namespace flywheel
