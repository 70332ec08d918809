// SPDX-License-Identifier: Apache-2.0
#include "rooms/release/next_event.h"

#include <fmt/format.h>

namespace flywheel::release {

Rollout next_event(const std::string& model, const RolloutFold& before, Time now) {
    Rollout event;
    event.model = model;
    event.seq = before.newest() ? before.newest()->seq + 1 : 1;
    event.from_version = before.labels().stable;
    event.created = now;
    event.id = Id<Rollout>::derived(now, fmt::format("rollout|{}|{}", model, event.seq));
    event.rollout = event.id;
    return event;
}

Rollout event_after(const Rollout& last, const RolloutFold& before, const Wish& wish) {
    Rollout event = next_event(last.model, before, wish.now);
    event.rollout = last.rollout;
    event.step = last.step + 1;
    event.to_version = last.to_version;
    event.share = last.share;
    event.signature_change = last.signature_change;
    event.who = wish.who;
    return event;
}

Rollout taken_back(const Rollout& last, const RolloutFold& before, const Wish& wish) {
    Rollout event = event_after(last, before, wish);
    event.from_version = last.to_version;
    event.to_version = last.from_version;
    event.state = RolloutState::Cancelled;
    event.reason = wish.reason;
    return event;
}

std::string_view noun_of(RolloutState state) {
    return state == RolloutState::Canary ? "canary" : "shadow";
}

}  // namespace flywheel::release
