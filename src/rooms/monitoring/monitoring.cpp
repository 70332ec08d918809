// SPDX-License-Identifier: Apache-2.0
#include "rooms/monitoring/monitoring.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/json_value.h"
#include "rooms/monitoring/watch_state.h"

namespace flywheel::monitoring {

namespace {

Result<void> check_plan(const Plan& plan) {
    if (plan.model.empty() || plan.classes < 1 || !(plan.window.begin < plan.window.end) ||
        !(plan.budget_days > 0)) {
        return invalid_argument(fmt::format(
            "A watch needs a model, classes, a window and a budget: model '{}', classes {}, window "
            "{} to {}, budget {} days",
            plan.model,
            plan.classes,
            to_rfc3339(plan.window.begin),
            to_rfc3339(plan.window.end),
            plan.budget_days
        ));
    }
    return {};
}

Id<Profile> profile_id(const Plan& plan) {
    return Id<Profile>::derived(
        plan.window.end,
        fmt::format("profile|{}|{}|{}", plan.model, plan.version, micros(plan.window.begin))
    );
}

Id<Incident> incident_id(const Profile& profile) {
    return Id<Incident>::derived(profile.window_end, "incident|" + profile.id.text());
}

/// Rows of the version in the range. When capture kept rows with different probabilities they are
/// thinned to the smallest, by a hash of their id, so that what remains is a uniform sample.
Result<std::vector<Prediction>> rows_of(
    const CapturedRows& captured, const Plan& plan, TimeRange range
) {
    auto rows = TRY(captured.predictions(plan.model, range));
    const std::string version = std::to_string(plan.version);
    std::erase_if(rows, [&](const Prediction& row) { return row.version != version; });
    double propensity = 1;
    for (const auto& row : rows) {
        propensity = std::min(propensity, row.propensity);
    }
    std::erase_if(rows, [&](const Prediction& row) {
        return unit_interval(xxh3(row.id.text())) * row.propensity >= propensity;
    });
    return rows;
}

/// Sums of the windows that begin in [from, until), of one version.
Result<WindowSums> merged(const Reader<Profile>& profiles, const Plan& plan, TimeRange begins) {
    WindowSums sums = empty_sums(plan.classes);
    TRY(profiles.each(
        Where<Profile>()
            .eq(&Profile::model, plan.model)
            .eq(&Profile::version, plan.version)
            .ge(&Profile::window_begin, begins.begin)
            .lt(&Profile::window_begin, begins.end)
            .eq(&Profile::reference, false),
        [&](const Profile& profile) -> Result<void> {
            const Content content = TRY(from_content(profile.content));
            if (content.sums.class_counts.size() != sums.class_counts.size()) {
                return corrupt("A profile has another number of classes: " + profile.id.text());
            }
            sums.merge(content.sums);
            return {};
        }
    ));
    return sums;
}

Json chain_numbers(
    const WatchState& state, std::size_t chain, const Reading& reading, double gate
) {
    return {
        {"m", state.chains[chain].evidence.m},
        {"e", reading.e},
        {"p", reading.p},
        {"effect", reading.effect},
        {"gate", gate},
        {"n_used", reading.rows_used},
        {"onset", to_rfc3339(state.chains[chain].onset)}
    };
}

std::string describe(const Plan& plan, std::size_t chain, const Reading& reading) {
    if (chain == 0) {
        const auto category = static_cast<std::size_t>(reading.category);
        return fmt::format(
            "the share of class {} went from {:.1f} % to {:.1f} %",
            category < plan.labels.size() ? fmt::format("'{}'", plan.labels[category])
                                          : fmt::to_string(category),
            100 * reading.share_before,
            100 * reading.share_now
        );
    }
    return fmt::format("the mean embedding moved by {:.2f} standard deviations", reading.effect);
}

}  // namespace

/// One run of watch(): what it reads first, and what it will write.
struct Monitoring::Session {
    const Plan& plan;
    Profile profile{};
    Content content{};
    std::array<double, kChains> gates{};
    std::vector<Incident> open{};     ///< Of this version, before the window.
    std::vector<Incident> changed{};  ///< Closed or superseded now.
    std::optional<Incident> opened{};
};

Monitoring::Monitoring(
    const CapturedRows& captured,
    Reader<LabelTask> tasks,
    Reader<LabelEvent> events,
    Writer<Profile> profiles,
    Writer<Incident> incidents
)
    : captured_(captured),
      tasks_(tasks),
      events_(events),
      profiles_(profiles),
      incidents_(incidents) {}

Result<Watch> Monitoring::watch(const Plan& plan) {
    TRY(check_plan(plan));
    const auto found = TRY(profiles_.reader().find(profile_id(plan)));
    if (found) {
        return seen_before(*found);
    }
    Session session{.plan = plan};
    session.gates = {plan.class_gate, plan.embedding_gate};
    TRY(begin_session(session));
    TRY(captured_.flush());  // the window's last rows may still wait for the disk
    const auto rows = TRY(rows_of(captured_, plan, plan.window));
    session.content.sums = sums_of(rows, plan.classes);
    session.profile.rows = session.content.sums.rows;
    const auto reference = TRY(reference_of(session));
    if (!reference) {
        TRY(extend_reference(session));
    } else {
        TRY(test(session, *reference));
    }
    return finish(session);
}

/// State from the profile before, incidents that are open, those of other versions superseded.
Result<void> Monitoring::begin_session(Session& session) const {
    const Plan& plan = session.plan;
    session.profile.id = profile_id(plan);
    session.profile.model = plan.model;
    session.profile.version = plan.version;
    session.profile.window_begin = plan.window.begin;
    session.profile.window_end = plan.window.end;
    session.profile.created = plan.now;
    const auto before =
        TRY(profiles_.reader().first(Where<Profile>()
                                         .eq(&Profile::model, plan.model)
                                         .le(&Profile::window_end, plan.window.begin)
                                         .newest(&Profile::window_end)));
    WatchState& state = session.content.state;
    if (before && before->version == plan.version) {
        state = TRY(from_content(before->content)).state;
    } else {
        state.run_begin = plan.window.begin;
        state.carried_from = plan.window.begin;
        state.reset_chains(plan.window.begin);
    }
    auto open = TRY(incidents_.reader().select(Where<Incident>()
                                                   .eq(&Incident::model, plan.model)
                                                   .gt(&Incident::version, 0)
                                                   .eq(&Incident::state, IncidentState::Open)
                                                   .order(&Incident::opened)));
    for (auto& incident : open) {
        if (incident.version == plan.version && incident.opened > state.run_begin) {
            session.open.push_back(std::move(incident));
            continue;
        }
        incident.state = IncidentState::Superseded;
        incident.closed = plan.now;
        session.changed.push_back(std::move(incident));
    }
    return {};
}

Result<std::optional<Reference>> Monitoring::reference_of(const Session& session) const {
    const auto complete = TRY(
        profiles_.reader().first(Where<Profile>()
                                     .eq(&Profile::model, session.plan.model)
                                     .eq(&Profile::version, session.plan.version)
                                     .eq(&Profile::reference, true)
                                     .ge(&Profile::window_begin, session.content.state.run_begin)
                                     .le(&Profile::window_end, session.plan.window.begin)
                                     .newest(&Profile::window_end))
    );
    if (!complete) {
        return std::optional<Reference>();
    }
    auto reference = TRY(from_content(complete->content)).reference;
    if (reference &&
        reference->sums.class_counts.size() != static_cast<std::size_t>(session.plan.classes)) {
        return corrupt("The reference has another number of classes: " + complete->id.text());
    }
    return reference;
}

/// The window belongs to the reference; when that has enough rows now, it is complete.
Result<void> Monitoring::extend_reference(Session& session) const {
    const Plan& plan = session.plan;
    WatchState& state = session.content.state;
    session.profile.reference = true;
    state.carried_from = plan.window.end;
    state.reset_chains(plan.window.end);
    const auto rows = TRY(rows_of(captured_, plan, {state.run_begin, plan.window.end}));
    if (static_cast<std::int64_t>(rows.size()) >= plan.reference_rows_min) {
        session.content.reference = make_reference(rows, plan.classes);
    }
    return {};
}

Result<void> Monitoring::test(Session& session, const Reference& reference) const {
    const Plan& plan = session.plan;
    WatchState& state = session.content.state;
    WindowSums window = session.content.sums;
    window.merge(TRY(merged(profiles_.reader(), plan, {state.carried_from, plan.window.begin})));
    if (window.rows < plan.rows_min) {
        return {};  // carried_from stays: the rows are tested with the next window's.
    }
    const Readings readings = compare(reference, window);
    session.content.tested = true;
    session.content.readings = {readings.classes, readings.embedding};
    state.add({state.carried_from, plan.window.end}, readings, session.gates);
    state.carried_from = plan.window.end;
    session.profile.class_p = readings.classes.p;
    session.profile.class_effect = readings.classes.effect;
    session.profile.embedding_p = readings.embedding.p;
    session.profile.embedding_effect = readings.embedding.effect;
    close_quiet(session);
    session.profile.evidence = state.evidence();
    if (session.profile.evidence >= plan.budget_days) {
        TRY(open_incident(session, reference));
    }
    return {};
}

void Monitoring::close_quiet(Session& session) const {
    WatchState& state = session.content.state;
    bool closed = false;
    for (auto& incident : session.open) {
        bool quiet = true;
        for (std::size_t i = 0; i < kChains; ++i) {
            const bool names = incident.families.find(kFamilies[i]) != std::string::npos;
            quiet = quiet && (!names || state.chains[i].quiet >= kQuietWindows);
        }
        if (quiet) {
            incident.state = IncidentState::Closed;
            incident.closed = session.plan.window.end;
            session.changed.push_back(incident);
            closed = true;
        }
    }
    std::erase_if(session.open, [](const Incident& incident) {
        return incident.state == IncidentState::Closed;
    });
    if (!closed) {
        return;
    }
    state.reset_chains(session.plan.window.end);
    for (const auto& incident : session.open) {
        for (std::size_t i = 0; i < kChains; ++i) {
            state.chains[i].excluded = state.chains[i].excluded ||
                                       incident.families.find(kFamilies[i]) != std::string::npos;
        }
    }
}

/// S reached the budget. An Incident is opened only when a named chain's effect since its onset is
/// worth it; M is kept either way.
Result<void> Monitoring::open_incident(Session& session, const Reference& reference) const {
    const Plan& plan = session.plan;
    WatchState& state = session.content.state;
    const auto named = state.named(plan.window.end);
    std::string families;
    std::string sentence;
    Json numbers = Json::object();
    bool worth = false;
    for (const std::size_t chain : named) {
        const Time onset = state.chains[chain].onset;
        WindowSums since = session.content.sums;
        since.merge(TRY(merged(profiles_.reader(), plan, {onset, plan.window.begin})));
        const Readings readings = compare(reference, since);
        const Reading& effect = chain == 0 ? readings.classes : readings.embedding;
        Reading told = session.content.readings[chain];
        told.effect = effect.effect;
        worth = worth || effect.effect >= session.gates[chain];
        families += (families.empty() ? "" : ", ") + std::string(kFamilies[chain]);
        sentence += (sentence.empty() ? "" : "; ") + describe(plan, chain, effect);
        numbers[std::string(kFamilies[chain])] =
            chain_numbers(state, chain, told, session.gates[chain]);
    }
    if (!worth) {
        return {};
    }
    Incident incident;
    incident.id = incident_id(session.profile);
    incident.model = plan.model;
    incident.version = plan.version;
    incident.opened = plan.window.end;
    incident.budget_days = plan.budget_days;
    incident.evidence = state.evidence();
    incident.families = families;
    incident.sentence = fmt::format(
        "Drift: {} (evidence {:.0f} days, at most one false alarm in {:.0f} days).",
        sentence,
        incident.evidence,
        plan.budget_days
    );
    incident.numbers = {canonical(numbers)};
    for (const std::size_t chain : named) {
        state.chains[chain].excluded = true;
    }
    session.opened = std::move(incident);
    return {};
}

Result<Watch> Monitoring::finish(Session& session) {
    session.profile.content = to_content(session.content);
    const auto transaction = TRY(profiles_.begin());
    TRY(profiles_.insert(session.profile));
    for (const auto& incident : session.changed) {
        TRY(incidents_.update(incident));
    }
    if (session.opened) {
        TRY(incidents_.insert(*session.opened));
    }
    TRY(transaction->commit());
    Watch watch;
    watch.profile = std::move(session.profile);
    watch.tested = session.content.tested;
    watch.incident_open = session.opened.has_value() || !session.open.empty();
    watch.opened = std::move(session.opened);
    return watch;
}

Result<Watch> Monitoring::seen_before(const Profile& profile) const {
    Watch watch;
    watch.profile = profile;
    watch.tested = TRY(from_content(profile.content)).tested;
    watch.opened = TRY(incidents_.reader().find(incident_id(profile)));
    const auto open =
        TRY(incidents_.reader().count(Where<Incident>()
                                          .eq(&Incident::model, profile.model)
                                          .gt(&Incident::version, 0)
                                          .eq(&Incident::state, IncidentState::Open)));
    watch.incident_open = open > 0;
    return watch;
}

}  // namespace flywheel::monitoring
