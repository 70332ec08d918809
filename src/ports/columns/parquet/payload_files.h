#pragma once
// SPDX-License-Identifier: Apache-2.0
// Captured payloads in files: small ones in their table, large ones each in a file beside it. Used
// within this adapter. Any thread.

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ports/columns/parquet/partition.h"
#include "records/payload.h"

namespace flywheel {

/// Writes those that are too large for their table, durably but for their folder, which is there.
Result<std::vector<PartitionFile>> write_large_payloads(
    const std::filesystem::path& folder, std::uint64_t segment, const std::vector<Payload>& payloads
);

/// Where large payloads of one model stand, below the columns folder.
using LargePayloads = std::map<Digest, std::string>;

/// Of the kPayloadFile entries among `files`.
Result<LargePayloads> large_payloads_in(const std::vector<PartitionFile>& files);

/// Calls `visit` with the payloads of one table that are wanted, the large ones with their bytes.
/// Corrupt, naming the file, when something is damaged.
Result<void> read_payload_table(
    const std::filesystem::path& folder,
    const PartitionFile& file,
    const LargePayloads& large,
    const std::function<bool(const Digest&)>& wants,
    const std::function<Result<void>(Payload&&)>& visit
);

/// All bytes of a file; Corrupt when it cannot be read.
Result<std::string> read_whole_file(const std::filesystem::path& path);

}  // namespace flywheel
