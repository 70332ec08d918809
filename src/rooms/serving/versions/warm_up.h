#pragma once
// SPDX-License-Identifier: Apache-2.0
// Runs a version before anyone is answered by it, so that its first answer is as fast as the others
// and a damaged model shows here. Private to the room; any thread.

#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"
#include "rooms/serving/versions/served_version.h"

namespace flywheel::serving {

/// A text classifier answers these texts and a few fixed ones; Corrupt when its scores do not sum
/// to 1. A model over tensors runs zeros, 1, 8 and `max_batch` rows at once; what it says when it
/// cannot, unless a dimension is free: then zeros of size 1 there may be nothing it takes.
Result<void> warm_up(
    const ServedVersion& version, std::span<const std::string> texts, std::int64_t max_batch
);

}  // namespace flywheel::serving
