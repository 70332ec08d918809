#pragma once
// SPDX-License-Identifier: Apache-2.0
// Rollout: a version on its way to the label `stable` of its model, and back. A row is one event of
// a Rollout, never changed: who or what did it, when and why. All events of one Rollout carry the
// id of its first; what the labels point to follows from the events (rollout_fold.h). Written by
// the room release only.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "records/evaluation.h"
#include "records/field.h"

namespace flywheel {

/// Shadow and canary are live: at most one Rollout of a model is. The others end one.
enum class RolloutState { Shadow, Canary, Done, RolledBack, Cancelled };

inline std::span<const std::string_view> names_of(RolloutState) {
    static constexpr std::array<std::string_view, 5> kNames = {
        "shadow", "canary", "done", "rolled_back", "cancelled"
    };
    return kNames;
}

struct Rollout {
    static constexpr std::string_view kTable = "rollout";

    Id<Rollout> id;  ///< Of this event.
    std::string model;
    std::int64_t seq = 0;          ///< 1, 2, 3, ... within the model.
    std::optional<Id<Turn>> turn;  ///< Null when a person did it.
    std::optional<Id<Evaluation>> evaluation;
    /// ModelVersion.number. Shadow, canary, done: what `stable` points to, then the version on its
    /// way. Rolled back, cancelled: the version that is taken back, then what answers in its place.
    /// 0 = nothing.
    std::int64_t from_version = 0;
    std::int64_t to_version = 0;
    RolloutState state = RolloutState::Done;  ///< From this event on.
    std::string who;                          ///< "loop" or a person's name.
    std::string reason;
    Time created;
    Id<Rollout> rollout;    ///< Id of its first event; also the salt of its split of traffic.
    std::int64_t step = 0;  ///< Events of this Rollout before this one.
    double share = 1;  ///< Of traffic that reaches the version: answered by it, or copied to it.
    bool signature_change = false;  ///< Takes or gives other tensors than `stable`, and may.

    static void fields(auto&& visit) {
        visit("id", &Rollout::id);
        visit("model", &Rollout::model);
        visit("seq", &Rollout::seq);
        visit("turn", &Rollout::turn);
        visit("evaluation", &Rollout::evaluation);
        visit("from_version", &Rollout::from_version);
        visit("to_version", &Rollout::to_version);
        visit("state", &Rollout::state);
        visit("who", &Rollout::who);
        visit("reason", &Rollout::reason);
        visit("created", &Rollout::created);
        visit("rollout", &Rollout::rollout);
        visit("step", &Rollout::step);
        visit("share", &Rollout::share);
        visit("signature_change", &Rollout::signature_change);
    }
};

extern template struct RecordCodec<Rollout>;

}  // namespace flywheel
