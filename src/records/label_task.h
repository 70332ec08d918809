#pragma once
// SPDX-License-Identifier: Apache-2.0
// LabelTask: one question for a person. Immutable; whether it is answered follows from the
// LabelEvents. Written by the room selection only.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "records/example.h"
#include "records/field.h"
#include "records/prediction.h"

namespace flywheel {

struct Turn;

/// Audit: uniform over served rows, with a stored probability. Strategy: chosen for gain. Forced:
/// asked for by an incident, a thumbs-down, a conflict.
enum class Arm { Audit, Strategy, Forced };

inline std::span<const std::string_view> names_of(Arm) {
    static constexpr std::array<std::string_view, 3> kNames = {"audit", "strategy", "forced"};
    return kNames;
}

struct LabelTask {
    static constexpr std::string_view kTable = "label_task";

    Id<LabelTask> id;
    std::string model;
    Digest item;                ///< Example asked about.
    Digest group;               ///< Its near-duplicate group.
    Id<Prediction> prediction;  ///< The served row that brought it here.
    Id<Turn> turn;
    Arm arm = Arm::Audit;
    std::string strategy;               ///< "uniform", "margin", ...
    std::optional<double> probability;  ///< Inclusion probability pi; null when deterministic.
    bool holdout = false;               ///< Audited and split `test` for ever.
    std::int64_t rank = 0;              ///< Order within the turn, 0 first.
    Time window_begin;
    Time window_end;
    std::int64_t suggested = -1;       ///< Class index served; -1 when none.
    double suggested_probability = 0;  ///< Its calibrated probability.
    Time created;

    static void fields(auto&& visit) {
        visit("id", &LabelTask::id);
        visit("model", &LabelTask::model);
        visit("item", &LabelTask::item);
        visit("group_id", &LabelTask::group);
        visit("prediction", &LabelTask::prediction);
        visit("turn", &LabelTask::turn);
        visit("arm", &LabelTask::arm);
        visit("strategy", &LabelTask::strategy);
        visit("probability", &LabelTask::probability);
        visit("holdout", &LabelTask::holdout);
        visit("rank", &LabelTask::rank);
        visit("window_begin", &LabelTask::window_begin);
        visit("window_end", &LabelTask::window_end);
        visit("suggested", &LabelTask::suggested);
        visit("suggested_probability", &LabelTask::suggested_probability);
        visit("created", &LabelTask::created);
    }
};

extern template struct RecordCodec<LabelTask>;

}  // namespace flywheel
