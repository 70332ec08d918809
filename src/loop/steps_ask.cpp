// SPDX-License-Identifier: Apache-2.0
// The first half of a Turn: look at the window, collect its rows, choose questions, wait for
// people, decide.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/json_value.h"
#include "loop/round.h"

namespace flywheel::loop {

namespace {

constexpr std::int64_t kAuditsCompared = 60;
constexpr double kNormal95 = 1.645;

Conductor::StepOutcome skipped(std::string_view why) {
    return outcome_of({{"skipped", why}});
}

/// Sums of what earlier Turns served and asked, from their summaries.
struct Spent {
    std::int64_t served = 0;
    std::int64_t questions = 0;
};

Result<Spent> spent_before(const Reader<Turn>& turns, const Turn& now) {
    Spent spent;
    TRY(turns.each(
        Where<Turn>().eq(&Turn::model, now.model).lt(&Turn::number, now.number),
        [&](const Turn& turn) -> Result<void> {
            const Json summary = TRY(parse_json(turn.summary.text));
            spent.served += summary.value("served", std::int64_t{0});
            spent.questions += summary.value("questions", std::int64_t{0});
            return {};
        }
    ));
    return spent;
}

}  // namespace

Result<Json> Conductor::Round::output_of(const std::string& step) const {
    const auto found = outputs.find(step);
    return found == outputs.end() ? Json::object() : TRY(parse_json(found->second));
}

Result<bool> Conductor::Round::nothing_to_train() const {
    const Json decided = TRY(output_of("decide"));
    return !decided.value("retrain", true);
}

Result<bool> Conductor::Round::rows_have_several_labels() const {
    const auto schema = owner.rooms_.labeling.schema(policy().model);
    if (!schema && schema.error().code != Code::NotFound) {
        return schema.error();
    }
    return schema && schema->kind == TaskKind::Choices;
}

Result<void> Conductor::Round::record_decision(
    const std::string& kind, const Json& thresholds, const Json& numbers, const std::string& verdict
) {
    Decision decision;
    decision.id =
        Id<Decision>::derived(turn_row.created, fmt::format("{} {}", turn_row.id.text(), kind));
    decision.model = policy().model;
    decision.turn = turn_row.id;
    decision.kind = kind;
    decision.inputs.text = canonical(Json{
        {"window_begin", to_rfc3339(turn_row.window_begin)},
        {"window_end", to_rfc3339(turn_row.window_end)}
    });
    decision.thresholds.text = canonical(thresholds);
    decision.numbers.text = canonical(numbers);
    decision.verdict = verdict;
    decision.who = "loop";
    decision.created = turn_row.created;
    return owner.records_.decisions.insert(decision);
}

Result<Conductor::StepOutcome> Conductor::Round::observe() {
    const auto served_by = TRY(champion());
    if (!served_by) {
        return skipped("no version is served yet");
    }
    monitoring::Plan plan;
    plan.model = policy().model;
    plan.version = served_by->number;
    plan.classes = static_cast<std::int32_t>(served_by->labels.size());
    plan.labels = served_by->labels;
    plan.window = window();
    plan.budget_days = policy().false_alarm_days;
    plan.now = turn_row.created;
    const auto watch = TRY(owner.rooms_.monitoring.watch(plan));
    const Json numbers = {
        {"rows", watch.profile.rows},
        {"tested", watch.tested},
        {"class_effect", watch.profile.class_effect},
        {"class_p", watch.profile.class_p},
        {"embedding_effect", watch.profile.embedding_effect},
        {"embedding_p", watch.profile.embedding_p},
        {"evidence_days", watch.profile.evidence},
        {"incident_open", watch.incident_open},
        {"incident_opened", watch.opened ? Json(watch.opened->sentence) : Json(nullptr)}
    };
    TRY(record_decision(
        "drift",
        {{"false_alarm_days", policy().false_alarm_days}},
        numbers,
        watch.incident_open ? "drift: labels first" : "no drift proved"
    ));
    return outcome_of(numbers);
}

/// The answered row, and its payload, of each line of feedback on this request.
void Conductor::Round::note_rows_meant(
    const std::string& target, std::map<Id<Feedback>, std::pair<Id<Prediction>, Digest>>& about
) const {
    const auto request = owner.captured_.find(policy().model, target);
    if (!request) {
        return;
    }
    std::map<Id<Prediction>, Digest> answered;
    for (const Prediction& row : request->rows) {
        if (row.status == 200) {
            answered[row.id] = row.payload_digest;
        }
    }
    for (std::size_t i = 0; i < request->feedback.size(); ++i) {
        if (const auto row = answered.find(request->about[i]); row != answered.end()) {
            about[request->feedback[i].id] = {row->first, row->second};
        }
    }
}

Result<std::int64_t> Conductor::Round::take_corrections() {
    // What users said the right answer was becomes a label of its own source. It is a biased sample
    // (people correct what is wrong), so it trains and never enters an accuracy.
    // By row, whatever name of it was used.
    std::map<std::pair<Id<Prediction>, FeedbackSource>, std::pair<Digest, Feedback>> last_word;
    std::set<std::string> seen;
    std::map<Id<Feedback>, std::pair<Id<Prediction>, Digest>> about;  // of answered rows
    for (auto& said : TRY(owner.captured_.feedback(policy().model, window()))) {
        if (said.kind != FeedbackKind::Label && said.kind != FeedbackKind::Retract) {
            continue;
        }
        if (seen.insert(said.target).second) {  // a request of many rows is read once
            note_rows_meant(said.target, about);
        }
        if (const auto meant = about.find(said.id); meant != about.end()) {
            const auto& [row, payload] = meant->second;
            const auto source = said.source;
            last_word[{row, source}] = {payload, std::move(said)};
        }
    }
    std::vector<labeling::ImportedLabel> labels;
    for (const auto& [key, word] : last_word) {
        const auto& [item, said] = word;
        if (said.kind == FeedbackKind::Label) {
            labels.push_back({item, said.label, "feedback:" + std::string(enum_name(said.source))});
        }
    }
    const Digest source = sha256("feedback of turn " + turn_row.id.text());
    return TRY(owner.rooms_.labeling.import_labels(policy().model, source, labels)).added;
}

Result<Conductor::StepOutcome> Conductor::Round::collect() {
    if (turn_row.window_begin == turn_row.window_end) {
        return skipped("the window is empty");
    }
    collection::Plan plan;
    plan.model = policy().model;
    plan.licence = policy().licence;
    const auto summary = TRY(owner.rooms_.collection.collect(plan, window()));
    const auto corrections = TRY(take_corrections());
    return outcome_of(
        {{"corrections", corrections},
         {"rows", summary.rows},
         {"examples", summary.examples},
         {"repeats", summary.repeats},
         {"grouped", summary.grouped}}
    );
}

Result<Conductor::StepOutcome> Conductor::Round::choose() {
    const Json collected = TRY(output_of("collect"));
    const auto served = collected.value("rows", std::int64_t{0});
    if (served == 0) {
        return skipped("no row was served");
    }
    const bool drift = TRY(output_of("observe")).value("incident_open", false);
    const Spent before = TRY(spent_before(owner.records_.turns.reader(), turn_row));
    // What was not spent (an audited duplicate costs nothing) stays available; drift may spend it
    // faster. The sum of questions never exceeds the share of all rows served so far.
    const double share = policy().label_share;
    const auto available =
        static_cast<std::int64_t>(
            std::floor(share * static_cast<double>(before.served + served) + 1e-9)
        ) -
        before.questions;
    const double pace = drift ? policy().drift_boost : 1.0;
    const auto this_window =
        static_cast<std::int64_t>(std::ceil(share * static_cast<double>(served) * pace));
    selection::Plan plan;
    plan.model = policy().model;
    plan.turn = turn_row.id;
    plan.window = window();
    plan.budget = std::clamp<std::int64_t>(available, 0, this_window);
    plan.audit_share = policy().audit_share;
    plan.seed = policy().seed;
    plan.now = turn_row.created;
    const auto chosen = TRY(owner.rooms_.selection.choose(plan));
    const Json numbers = {
        {"served", chosen.served},
        {"budget", plan.budget},
        {"audit", chosen.audit},
        {"reused", chosen.reused},
        {"strategy", chosen.strategy},
        {"questions", chosen.questions},
        {"audit_probability", chosen.audit_probability},
        {"asked_at", to_rfc3339(owner.clock_.now())}
    };
    TRY(record_decision(
        "labels",
        {{"label_share", share}, {"audit_share", plan.audit_share}, {"pace", pace}},
        numbers,
        fmt::format("ask {} questions", chosen.questions)
    ));
    return outcome_of(numbers);
}

Result<Conductor::StepOutcome> Conductor::Round::gather() {
    const Json chosen = TRY(output_of("choose"));
    if (!chosen.contains("questions")) {
        return skipped("nothing was asked");
    }
    const auto progress = TRY(owner.rooms_.labeling.progress(policy().model, turn_row.id));
    const Time asked_at = TRY(parse_time(TRY(string_field(chosen, "asked_at"))));
    const bool patience_over = owner.clock_.now() - asked_at >= policy().labels_wait;
    const Json output = {
        {"tasks", progress.tasks},
        {"answered", progress.answered},
        {"skipped", progress.skipped},
        {"open", progress.open}
    };
    if (progress.open > 0 && !patience_over) {
        return StepOutcome{canonical(output), true, false};
    }
    return outcome_of(output);
}

Result<std::optional<bool>> Conductor::Round::audits_fell(
    const ModelVersion& version, Json& numbers
) const {
    // The champion's own first audits against the newest ones (policy `z60`): a trigger, never
    // shown as an alarm.
    const auto since = TRY(owner.rooms_.monitoring.audited_accuracy(
        policy().model, {version.created, turn_row.window_end}
    ));
    if (since.n < 2 * kAuditsCompared) {
        numbers["audits_of_champion"] = since.n;
        return std::optional<bool>();
    }
    const auto bits =
        TRY(owner.rooms_.monitoring.last_audits(policy().model, turn_row.window_end, since.n));
    if (static_cast<std::int64_t>(bits.size()) < 2 * kAuditsCompared) {
        return std::optional<bool>();
    }
    double first = 0;
    double last = 0;
    for (std::int64_t i = 0; i < kAuditsCompared; ++i) {
        first += bits[static_cast<std::size_t>(i)];
        last += bits[bits.size() - 1 - static_cast<std::size_t>(i)];
    }
    first /= kAuditsCompared;
    last /= kAuditsCompared;
    numbers["audited_first"] = first;
    numbers["audited_last"] = last;
    const double spread = std::sqrt(std::max(first * (1 - first), 0.01) / kAuditsCompared);
    return std::optional<bool>(first - last > kNormal95 * spread);
}

Result<Conductor::StepOutcome> Conductor::Round::decide() {
    const auto served_by = TRY(champion());
    Json numbers = Json::object();
    if (TRY(rows_have_several_labels())) {
        numbers["retrain"] = false;
        numbers["verdict"] = "no: no engine learns rows of several labels yet";
        numbers["reason"] = "Nothing was trained: no engine learns rows of several labels yet.";
        TRY(record_decision("retrain", Json::object(), numbers, "no engine for it"));
        return outcome_of(numbers);
    }
    if (!served_by) {
        numbers["retrain"] = true;
        TRY(record_decision("retrain", Json::object(), numbers, "first model"));
        return outcome_of(numbers);
    }
    const auto versions = TRY(owner.rooms_.datasets.log(policy().model));
    const auto trained_on =
        std::find_if(versions.begin(), versions.end(), [&](const DatasetVersion& v) {
            return v.id == served_by->dataset;
        });
    const std::int64_t seen = trained_on == versions.end() ? 0 : trained_on->label_seq;
    const std::int64_t fresh = TRY(owner.rooms_.labeling.answers_since(policy().model, seen));
    numbers["new_labels"] = fresh;
    const auto fell = TRY(audits_fell(*served_by, numbers));
    numbers["audits_fell"] = fell ? Json(*fell) : Json(nullptr);
    const bool forced = turn_row.trigger == "person";
    const bool enough = fresh >= policy().retrain_labels_min;
    const bool retrain = forced ? fresh > 0 : enough;
    numbers["retrain"] = retrain;
    const std::string verdict = !retrain               ? "no: too few new labels"
                                : forced               ? "yes: a person asked"
                                : fell.value_or(false) ? "yes: audited accuracy fell"
                                                       : "yes: " + turn_row.trigger;
    TRY(record_decision(
        "retrain", {{"retrain_labels_min", policy().retrain_labels_min}}, numbers, verdict
    ));
    numbers["verdict"] = verdict;
    if (!retrain) {
        numbers["reason"] = fmt::format(
            "Nothing was trained: {} new labels, and at least {} are asked for.",
            fresh,
            forced ? 1 : policy().retrain_labels_min
        );
    }
    return outcome_of(numbers);
}

}  // namespace flywheel::loop
