#pragma once
// SPDX-License-Identifier: Apache-2.0
// The chain that makes the label event log tamper-evident: each event's digest covers the digest
// before it. Used by Labeling. Pure functions, any thread.

#include "base/hash.h"
#include "records/label_event.h"

namespace flywheel::labeling {

/// SHA-256(previous chain as 64 hexadecimal digits, line feed, canonical JSON of the event without
/// its own chain), version 1; fields that were added later are in it only where they are set. The
/// first event of a model has the zero digest before it.
[[nodiscard]] Digest chain_of(const Digest& previous, const LabelEvent& event);

}  // namespace flywheel::labeling
