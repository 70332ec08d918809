#pragma once
// SPDX-License-Identifier: Apache-2.0
// Turn, TurnStep and Decision: one revolution of the wheel for one model, its finished steps, and
// the decisions taken, each with inputs, thresholds and numbers. Written by loop/ only.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "records/field.h"

namespace flywheel {

enum class TurnState { Open, Waiting, Done, Failed, Cancelled };

inline std::span<const std::string_view> names_of(TurnState) {
    static constexpr std::array<std::string_view, 5> kNames = {
        "open", "waiting", "done", "failed", "cancelled"
    };
    return kNames;
}

struct Turn {
    static constexpr std::string_view kTable = "turn";

    Id<Turn> id;
    std::string model;
    std::int64_t number = 0;  ///< 1, 2, 3, ... within the model.
    std::string trigger;      ///< "cadence", "audited fall", "person", "first model".
    Time window_begin;        ///< Served rows in [window_begin, window_end) are looked at.
    Time window_end;
    TurnState state = TurnState::Open;
    std::string step;  ///< Step under way or to do next; "" when it ended.
    std::string
        verdict;  ///< "promoted", "kept", "no change", "failed", "cancelled"; "" while open.
    std::int64_t seed = 0;
    JsonText summary;  ///< Served rows, labels, audited accuracy with interval, drift, ...
    std::string error;
    Time created;
    std::optional<Time> ended;

    static void fields(auto&& visit) {
        visit("id", &Turn::id);
        visit("model", &Turn::model);
        visit("number", &Turn::number);
        visit("trigger_name", &Turn::trigger);
        visit("window_begin", &Turn::window_begin);
        visit("window_end", &Turn::window_end);
        visit("state", &Turn::state);
        visit("step", &Turn::step);
        visit("verdict", &Turn::verdict);
        visit("seed", &Turn::seed);
        visit("summary", &Turn::summary);
        visit("error", &Turn::error);
        visit("created", &Turn::created);
        visit("ended", &Turn::ended);
    }
};

extern template struct RecordCodec<Turn>;

/// A finished step. Its key makes a second run of the same step find the first one's output.
struct TurnStep {
    static constexpr std::string_view kTable = "turn_step";

    Digest id;  ///< SHA-256(turn id, step name).
    Id<Turn> turn;
    std::string name;
    JsonText output;  ///< Ids and numbers later steps need.
    Time created;

    static void fields(auto&& visit) {
        visit("id", &TurnStep::id);
        visit("turn", &TurnStep::turn);
        visit("name", &TurnStep::name);
        visit("output", &TurnStep::output);
        visit("created", &TurnStep::created);
    }
};

extern template struct RecordCodec<TurnStep>;

struct Decision {
    static constexpr std::string_view kTable = "decision";

    Id<Decision> id;
    std::string model;
    std::optional<Id<Turn>> turn;
    std::string kind;  ///< "turn", "retrain", "release", "correction".
    JsonText inputs;   ///< Ids of the records looked at.
    JsonText thresholds;
    JsonText numbers;
    std::string verdict;
    std::string who;  ///< "loop" or a person's name.
    Time created;

    static void fields(auto&& visit) {
        visit("id", &Decision::id);
        visit("model", &Decision::model);
        visit("turn", &Decision::turn);
        visit("kind", &Decision::kind);
        visit("inputs", &Decision::inputs);
        visit("thresholds", &Decision::thresholds);
        visit("numbers", &Decision::numbers);
        visit("verdict", &Decision::verdict);
        visit("who", &Decision::who);
        visit("created", &Decision::created);
    }
};

extern template struct RecordCodec<Decision>;

}  // namespace flywheel
