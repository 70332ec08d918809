#pragma once
// SPDX-License-Identifier: Apache-2.0
// Rollout: one movement of the label `stable` of a model, and who or what moved it. The newest
// Rollout of a model in state Done or RolledBack says what is served. Written by the room release
// only.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "records/evaluation.h"
#include "records/field.h"

namespace flywheel {

enum class RolloutState { Done, RolledBack };

inline std::span<const std::string_view> names_of(RolloutState) {
    static constexpr std::array<std::string_view, 2> kNames = {"done", "rolled_back"};
    return kNames;
}

struct Rollout {
    static constexpr std::string_view kTable = "rollout";

    Id<Rollout> id;
    std::string model;
    std::int64_t seq = 0;          ///< 1, 2, 3, ... within the model; the newest decides.
    std::optional<Id<Turn>> turn;  ///< Null when a person moved it.
    std::optional<Id<Evaluation>> evaluation;
    std::int64_t from_version = 0;  ///< ModelVersion.number before; 0 = nothing was served.
    std::int64_t to_version = 0;    ///< What `stable` points to from now on.
    RolloutState state = RolloutState::Done;
    std::string who;  ///< "loop" or a person's name.
    std::string reason;
    Time created;

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
    }
};

extern template struct RecordCodec<Rollout>;

}  // namespace flywheel
