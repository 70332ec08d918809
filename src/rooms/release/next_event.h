#pragma once
// SPDX-License-Identifier: Apache-2.0
// The next event of a Rollout, out of the events before. Private to the room; pure functions.

#include <string>
#include <string_view>

#include "rooms/release/release.h"

namespace flywheel::release {

/// The first event of the model's next Rollout, not yet written.
[[nodiscard]] Rollout next_event(const std::string& model, const RolloutFold& before, Time now);

/// The next event of the Rollout that `last` is the newest of.
[[nodiscard]] Rollout event_after(const Rollout& last, const RolloutFold& before, const Wish& wish);

/// A Rollout that ends without its version: what is taken back, and what answers in its place.
[[nodiscard]] Rollout taken_back(const Rollout& last, const RolloutFold& before, const Wish& wish);

/// "canary" or "shadow".
[[nodiscard]] std::string_view noun_of(RolloutState state);

}  // namespace flywheel::release
