#pragma once
// SPDX-License-Identifier: Apache-2.0
// What the labels of a model point to, out of what its Rollouts say and what is loaded. Private to
// the room; pure functions.

#include "base/result.h"
#include "records/rollout_fold.h"
#include "rooms/serving/version_table.h"

namespace flywheel::serving {

/// Of several failures the first is the one to tell.
void keep_first(Result<void>& first, Result<void> next);

/// Conflict when the version takes or gives other tensors than `stable`.
Result<void> check_signature(const ServedVersion& version, const ServedVersion& stable);

/// Points the labels to loaded versions: `stable` stays where it is while its next version is not
/// loaded; the others point nowhere. Conflict: a version takes or gives other tensors than the one
/// served, and its Rollout does not allow it; that label is then treated as if it were not loaded.
Result<void> point(ModelEntry& entry, const RolloutFold& fold);

}  // namespace flywheel::serving
