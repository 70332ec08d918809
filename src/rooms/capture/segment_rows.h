#pragma once
// SPDX-License-Identifier: Apache-2.0
// What one segment of the journal holds, as it is rolled into the columns. Used by capture.cpp.

#include <cstdint>
#include <vector>

#include "ports/columns/columns.h"
#include "ports/journal/journal.h"
#include "rooms/capture/privacy/erased_subjects.h"

namespace flywheel {

/// The rows of one segment, each once.
struct SegmentRows {
    ColumnSegment rows;
    std::vector<Erasure> erasures;

    [[nodiscard]] bool only_erasures() const {
        return !erasures.empty() && rows.predictions.empty() && rows.feedback.empty() &&
               rows.payloads.empty();
    }
};

/// Corrupt when a good frame holds something that is no row.
Result<SegmentRows> read_segment(const Journal& journal, std::uint64_t segment);

}  // namespace flywheel
