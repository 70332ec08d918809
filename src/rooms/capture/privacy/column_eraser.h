#pragma once
// SPDX-License-Identifier: Apache-2.0
// Takes erased subjects out of the columns: every segment that holds a row of theirs, or feedback
// about one, is written anew without it. Called by capture's roll, one at a time.

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "ports/columns/columns.h"
#include "rooms/capture/privacy/erased_subjects.h"

namespace flywheel {

/// What went.
struct EraseReport {
    std::uint64_t rows = 0;
    std::uint64_t feedback = 0;
    std::uint64_t segments = 0;  ///< Segments of the columns that were written anew.
    /// Payloads of these rows that no other row in the columns has; whoever holds a copy of one
    /// under its digest should let it go.
    std::vector<Digest> payloads;
};

/// Unavailable when the disk refuses: segments done stay done, and another call goes on.
Result<EraseReport> erase_from_columns(Columns& columns, const ErasedSubjects& erased);

}  // namespace flywheel
