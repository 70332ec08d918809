#pragma once
// SPDX-License-Identifier: Apache-2.0
// current_label: one item's label as the event log has it now.

#include <cstdint>
#include <optional>
#include <string>

#include "ports/ledger/ledger.h"
#include "records/label_event.h"

namespace flywheel {

/// label_id that was decided or that the people's live answers about the item agree on most
/// (LabelFold); nothing when none is left, or its rows may have several labels. Reads the item's
/// events only. Errors: the ledger's.
Result<std::optional<std::int64_t>> current_label(
    const Reader<LabelEvent>& events, const std::string& model, const Digest& item
);

}  // namespace flywheel
