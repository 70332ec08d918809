// SPDX-License-Identifier: Apache-2.0
// Incidents about labelling: suggestions that pull people, people who differ more than they did.
#include <fmt/format.h>

#include "base/json_value.h"
#include "rooms/monitoring/monitoring.h"

namespace flywheel::monitoring {

namespace {

constexpr double kPercent = 100;

JsonText numbers_of(const stats::Contrast& contrast) {
    const auto share = [](const stats::Share& one) {
        return Json{{"successes", one.successes}, {"trials", one.trials}};
    };
    const Json numbers = {
        {"first", share(contrast.first)},
        {"second", share(contrast.second)},
        {"difference", contrast.difference},
        {"lower", contrast.interval.lower},
        {"upper", contrast.interval.upper},
        {"confidence", contrast.confidence}
    };
    return {canonical(numbers)};
}

/// "12.5 points, 95 % interval 3.0 to 21.9"
std::string points(const stats::Contrast& contrast) {
    return fmt::format(
        "{:.1f} points, {:.0f} % interval {:.1f} to {:.1f}",
        kPercent * contrast.difference,
        kPercent * contrast.confidence,
        kPercent * contrast.interval.lower,
        kPercent * contrast.interval.upper
    );
}

Incident about(const LabelState& state, std::string_view family) {
    Incident incident;
    incident.id = Id<Incident>::derived(
        state.now, fmt::format("{}|{}|{}", family, state.model, micros(state.now))
    );
    incident.model = state.model;
    incident.opened = state.now;
    incident.budget_days = 0;  // stated in the sentence: it counts answers, not days
    incident.families = family;
    return incident;
}

Incident of_pull(const LabelState& state) {
    Incident incident = about(state, kPullFamily);
    if (state.pull) {
        const stats::Contrast& pull = *state.pull;
        incident.sentence = fmt::format(
            "Suggestions pull people: {:.0f} of {:.0f} wrong ones were followed in sight, {:.0f} "
            "of "
            "{:.0f} when hidden ({}; {:.0f} allowed). They are off for this version of the labels.",
            pull.first.successes,
            pull.first.trials,
            pull.second.successes,
            pull.second.trials,
            points(pull),
            kPercent * state.pull_most
        );
        incident.numbers = numbers_of(pull);
    }
    return incident;
}

Incident of_disagreement(const LabelState& state, const stats::Contrast& differ) {
    Incident incident = about(state, kDisagreementFamily);
    incident.sentence = fmt::format(
        "People differ {} than before: on {:.0f} of the last {:.0f} texts that two of them "
        "answered, "
        "on {:.0f} of {:.0f} before ({}; at most one false alarm in 100 times as many texts).",
        differ.difference > 0 ? "more" : "less",
        differ.first.successes,
        differ.first.trials,
        differ.second.successes,
        differ.second.trials,
        points(differ)
    );
    incident.numbers = numbers_of(differ);
    return incident;
}

}  // namespace

/// One of its model and family is open exactly as long as it is wanted; the one opened here.
Result<std::optional<Incident>> Monitoring::open_or_close(
    Incident incident, bool wanted, Time now
) {
    auto open = TRY(incidents_.reader().first(Where<Incident>()
                                                  .eq(&Incident::model, incident.model)
                                                  .eq(&Incident::families, incident.families)
                                                  .eq(&Incident::state, IncidentState::Open)));
    if (open && !wanted) {
        open->state = IncidentState::Closed;
        open->closed = now;
        TRY(incidents_.update(*open));
    }
    if (open || !wanted) {
        return std::optional<Incident>();
    }
    TRY(incidents_.insert(incident));
    return std::optional(std::move(incident));
}

Result<std::vector<Incident>> Monitoring::note_labels(const LabelState& state) {
    std::vector<Incident> opened;
    const bool pulled = state.pull.has_value();
    if (auto incident = TRY(open_or_close(of_pull(state), pulled, state.now))) {
        opened.push_back(std::move(*incident));
    }
    if (const auto& differ = state.disagreement) {
        const bool moved = differ->interval.lower > 0 || differ->interval.upper < 0;
        if (auto incident = TRY(open_or_close(of_disagreement(state, *differ), moved, state.now))) {
            opened.push_back(std::move(*incident));
        }
    }
    return opened;
}

}  // namespace flywheel::monitoring
