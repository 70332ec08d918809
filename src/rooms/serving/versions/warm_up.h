#pragma once
// SPDX-License-Identifier: Apache-2.0
// Runs a version before anyone is answered by it, so that its first answer is as fast as the others
// and a damaged model shows here. Private to the room; any thread.

#include <cstdint>
#include <span>

#include "base/result.h"
#include "ports/recorder.h"
#include "rooms/serving/versions/served_version.h"

namespace flywheel::serving {

/// Captured rows first, newest first. A text classifier answers those that are texts, and a few
/// fixed ones; Corrupt when its scores do not sum to 1. A model over tensors runs those of its
/// signature, each alone, then 8 and `max_batch` at once; zeros when there are none. An error: it
/// answers none of them, or not so many at once, and no dimension is free (else that is logged).
Result<void> warm_up(
    const ServedVersion& version, std::span<const CapturedPayload> captured, std::int64_t max_batch
);

}  // namespace flywheel::serving
