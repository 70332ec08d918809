#pragma once
// SPDX-License-Identifier: Apache-2.0
// Gives rows the payloads they refer to, from wherever these stand now: frames of the journal
// first, then the columns (a payload that is rolled in between is seen twice, never missed). Any
// thread.

#include <string>
#include <vector>

#include "ports/columns/columns.h"
#include "ports/journal/journal.h"
#include "rooms/capture/journal_index.h"

namespace flywheel {

/// Where payloads stand.
struct PayloadPlaces {
    const Journal& journal;
    const JournalIndex& index;
    const Columns& columns;
};

/// Fills `payload` of rows of one model that refer to one. A payload that is nowhere (erased,
/// expired, damaged) leaves its row without.
Result<void> join_payloads(
    const PayloadPlaces& places, const std::string& model, std::vector<Prediction>& rows
);

}  // namespace flywheel
