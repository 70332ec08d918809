// SPDX-License-Identifier: Apache-2.0
// Incidents about capture itself: rows that are sampled away or dropped under pressure.
#include <fmt/format.h>

#include "base/json_value.h"
#include "rooms/monitoring/monitoring.h"

namespace flywheel::monitoring {

namespace {

/// From this level on rows are missing.
constexpr int kSampleLevel = 2;

JsonText numbers_of(const CaptureState& state) {
    const Json numbers = {
        {"level", state.worst_level},
        {"sampled_away", state.sampled_away},
        {"dropped", state.dropped}
    };
    return {canonical(numbers)};
}

Incident opened_by(const CaptureState& state) {
    Incident incident;
    incident.id = Id<Incident>::derived(state.now, fmt::format("capture|{}", micros(state.now)));
    incident.opened = state.now;
    incident.budget_days = 0;  // it is counted, not inferred: there is no false alarm
    incident.families = kCaptureFamily;
    incident.sentence = fmt::format(
        "Capture holds back: {} (level {}; so far {} rows sampled away, {} dropped). Make room on "
        "the disk or raise capture.disk_max_gib.",
        state.worst_level == kSampleLevel ? "one row in ten is kept" : "rows are dropped",
        state.worst_level,
        state.sampled_away,
        state.dropped
    );
    incident.numbers = numbers_of(state);
    return incident;
}

}  // namespace

Result<std::optional<Incident>> Monitoring::note_capture(const CaptureState& state) {
    auto open =
        TRY(incidents_.reader().first(Where<Incident>()
                                          .eq(&Incident::model, "")
                                          .eq(&Incident::families, std::string(kCaptureFamily))
                                          .eq(&Incident::state, IncidentState::Open)));
    if (!open && state.worst_level >= kSampleLevel) {
        Incident incident = opened_by(state);
        TRY(incidents_.insert(incident));
        return std::optional(std::move(incident));
    }
    if (open && state.worst_level < kSampleLevel && state.level < kSampleLevel) {
        open->state = IncidentState::Closed;
        open->closed = state.now;
        open->numbers = numbers_of(state);
        TRY(incidents_.update(*open));
        return open;
    }
    return std::optional<Incident>();
}

}  // namespace flywheel::monitoring
