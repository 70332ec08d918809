#pragma once
// SPDX-License-Identifier: Apache-2.0
// Incident: an alarm with its stated false-alarm budget, what caused it and how it ended. Of drift
// it names the version that saw it; what concerns how rows are kept or labelled has version 0.
// Written by the room monitoring only.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "records/field.h"
#include "records/profile.h"

namespace flywheel {

enum class IncidentState { Open, Closed, Superseded };

inline std::span<const std::string_view> names_of(IncidentState) {
    static constexpr std::array<std::string_view, 3> kNames = {"open", "closed", "superseded"};
    return kNames;
}

struct Incident {
    static constexpr std::string_view kTable = "incident";

    Id<Incident> id;
    std::string model;
    std::int64_t version = 0;
    IncidentState state = IncidentState::Open;
    Time opened;
    std::optional<Time> closed;
    double budget_days = 90;  ///< At most one false alarm per so many days.
    double evidence = 0;      ///< S at opening, in days.
    /// "classes", "embedding" or "classes, embedding"; of version 0 "capture", "suggestions" or
    /// "disagreement".
    std::string families;
    std::string sentence;  ///< What moved, in words with numbers.
    JsonText numbers;      ///< Per chain: M, e, effect, gate, n.

    static void fields(auto&& visit) {
        visit("id", &Incident::id);
        visit("model", &Incident::model);
        visit("version", &Incident::version);
        visit("state", &Incident::state);
        visit("opened", &Incident::opened);
        visit("closed", &Incident::closed);
        visit("budget_days", &Incident::budget_days);
        visit("evidence", &Incident::evidence);
        visit("families", &Incident::families);
        visit("sentence", &Incident::sentence);
        visit("numbers", &Incident::numbers);
    }
};

extern template struct RecordCodec<Incident>;

}  // namespace flywheel
