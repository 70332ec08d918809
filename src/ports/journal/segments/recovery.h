#pragma once
// SPDX-License-Identifier: Apache-2.0
// Recovery of a journal folder after whatever happened (docs/internals/formats.md, 1.4). Called
// once by SegmentJournal::open, before anything is written.

#include <array>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "base/result.h"
#include "ports/journal/journal.h"
#include "ports/journal/segments/segment_file.h"

namespace flywheel {

/// Frames written into a segment, by kind 1 to 4.
using FrameCounts = std::array<std::uint64_t, 4>;

struct SealedSegment {
    std::uint64_t segment = 0;
    std::uint64_t bytes = 0;
    std::uint64_t corrupt_bytes = 0;  ///< Between its good frames, when it was looked into.
};

struct RecoveredFolder {
    std::vector<SealedSegment> sealed;  ///< By number.
    std::uint64_t last_segment = 0;     ///< Greatest number that was ever used.
    std::uint64_t last_dropped = 0;     ///< Greatest number that drop() left a mark of.
    JournalHealth health;               ///< What recovery found: torn, bad.
};

/// Seals, cuts and sets aside until only good `.seg` files (and `.bad` ones) are there.
Result<RecoveredFolder> recover_folder(const std::filesystem::path& folder, const DiskFault& fault);

/// The footer frame of a segment as bytes.
[[nodiscard]] std::string encode_footer(const FrameCounts& counts, std::uint64_t sequence);

/// Writes the footer at `end`, cuts behind it, syncs, renames to `.seg`. Returns the size of the
/// file.
Result<std::uint64_t> seal_file(
    SegmentFile& file, std::uint64_t end, const FrameCounts& counts, const DiskFault& fault
);

}  // namespace flywheel
