// SPDX-License-Identifier: Apache-2.0
// The second half of a Turn: cut a dataset, search, fit, pack, judge, release, correct, settle.
#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "base/json_value.h"
#include "base/log.h"
#include "loop/round.h"

namespace flywheel::loop {

namespace {

Conductor::StepOutcome not_needed() {
    return outcome_of({{"skipped", "nothing to train"}});
}

std::uint64_t group_hash(const Digest& group) {
    std::uint64_t hash = 0;
    for (std::size_t i = 0; i < 8; ++i) {
        hash = hash << 8U | group.bytes[i];
    }
    return hash >> 1U;  // fits a JSON integer
}

std::vector<double> smoothed_shares(const training::Pack& pack) {
    const auto classes = static_cast<std::size_t>(pack.classes);
    std::vector<double> counts(classes, 1.0);
    double total = static_cast<double>(classes);
    for (const auto& row : pack.rows) {
        counts[static_cast<std::size_t>(row.label)] += row.weight;
        total += row.weight;
    }
    for (auto& count : counts) {
        count /= total;
    }
    return counts;
}

/// Another try would find the same.
bool lasting(Code code) {
    return code == Code::NotFound || code == Code::Corrupt || code == Code::Unsupported ||
           code == Code::InvalidArgument;
}

Json json_of(const monitoring::AuditedAccuracy& audited) {
    return {
        {"n", audited.n},
        {"right", audited.right},
        {"accuracy", audited.accuracy},
        {"lower", audited.lower},
        {"upper", audited.upper},
        {"missing", audited.missing}
    };
}

}  // namespace

Result<training::Pack> Conductor::Round::training_pack(
    const std::vector<datasets::Row>& rows, std::size_t classes
) const {
    training::Pack pack;
    pack.classes = static_cast<std::int32_t>(classes);
    const double half_life = static_cast<double>(policy().half_life.count());
    for (const auto& row : rows) {
        if (row.split == datasets::Split::Test) {
            continue;
        }
        const auto age = static_cast<double>(
            std::max<std::int64_t>(0, (turn_row.window_end - row.first_seen).count())
        );
        training::PackRow learned;
        learned.text = row.text;
        learned.label = row.label;
        learned.weight = static_cast<float>(std::pow(0.5, age / half_life));
        learned.group = group_hash(row.group);
        learned.valid = row.split == datasets::Split::Valid;
        pack.rows.push_back(std::move(learned));
    }
    return pack;
}

training::Plan Conductor::Round::training_plan(const Digest& dataset) const {
    training::Plan plan;
    plan.model = policy().model;
    plan.turn = turn_row.id;
    plan.dataset = dataset;
    plan.trials = policy().trials;
    plan.seed = static_cast<std::uint64_t>(turn_row.seed);
    plan.scratch = policy().scratch / turn_row.id.text();
    plan.now = turn_row.created;
    return plan;
}

Result<Digest> Conductor::Round::dataset_id() const {
    return Digest::parse(TRY(string_field(TRY(output_of("cut")), "dataset")));
}

Result<Conductor::StepOutcome> Conductor::Round::cut() {
    // Labels that nobody learns from yet are a version of the dataset all the same.
    if (TRY(nothing_to_train()) && !TRY(rows_have_several_labels())) {
        return not_needed();
    }
    datasets::Plan plan;
    plan.model = policy().model;
    plan.message = fmt::format("turn {}: {}", turn_row.number, turn_row.trigger);
    plan.now = turn_row.created;
    const auto version = TRY(owner.rooms_.datasets.cut(plan));
    return outcome_of(
        {{"dataset", version.id.hex()}, {"rows", version.rows}, {"label_seq", version.label_seq}}
    );
}

Result<Conductor::Round::TrainingInput> Conductor::Round::training_input() const {
    TrainingInput input;
    input.dataset = TRY(dataset_id());
    input.rows = TRY(owner.rooms_.datasets.rows_of(input.dataset));
    input.labels = TRY(owner.rooms_.labeling.schema(policy().model)).labels;
    input.pack = TRY(training_pack(input.rows, input.labels.size()));
    return input;
}

std::function<void(const std::string&)> Conductor::Round::progress_of(const char* step) const {
    return [this, step](const std::string& line) {
        if (owner.listeners_.progress) {
            owner.listeners_.progress(step, line);
        }
    };
}

Result<Conductor::StepOutcome> Conductor::Round::tune() {
    if (TRY(nothing_to_train())) {
        return not_needed();
    }
    const auto input = TRY(training_input());
    const auto best = TRY(
        owner.rooms_.training.tune(training_plan(input.dataset), input.pack, progress_of("tune"))
    );
    return outcome_of({{"settings", TRY(parse_json(best.text))}});
}

Result<Conductor::StepOutcome> Conductor::Round::train() {
    if (TRY(nothing_to_train())) {
        return not_needed();
    }
    const auto input = TRY(training_input());
    const EngineSettings settings{canonical(TRY(output_of("tune")).at("settings"))};
    const auto run = TRY(owner.rooms_.training.train(
        training_plan(input.dataset), input.pack, settings, progress_of("train")
    ));
    compression::Plan plan;
    plan.model = policy().model;
    plan.labels = input.labels;
    plan.prior = smoothed_shares(input.pack);
    plan.licence = policy().licence;
    plan.now = turn_row.created;
    for (const auto& row : input.rows) {
        if (row.split != datasets::Split::Train) {
            plan.held_texts.push_back(row.text);
        }
    }
    const auto version = TRY(owner.rooms_.compression.pack(plan, run));
    return outcome_of(
        {{"run", run.id.text()},
         {"version", version.id.text()},
         {"number", version.number},
         {"loss", run.loss.value_or(0)}}
    );
}

Result<ModelVersion> Conductor::Round::packed_version() const {
    const auto number = TRY(integer_field(TRY(output_of("train")), "number"));
    return owner.rooms_.release.version(policy().model, number);
}

std::vector<datasets::Row> judging_rows(const std::vector<datasets::Row>& rows, Time oldest) {
    std::vector<datasets::Row> judging;
    std::set<Digest> groups;
    for (const auto& row : rows) {
        if (row.split == datasets::Split::Test && row.first_seen >= oldest &&
            groups.insert(row.group).second) {
            judging.push_back(row);
        }
    }
    return judging;
}

Result<Conductor::StepOutcome> Conductor::Round::judge() {
    if (TRY(nothing_to_train())) {
        return not_needed();
    }
    const auto rows = TRY(owner.rooms_.datasets.rows_of(TRY(dataset_id())));
    std::vector<evaluation::HoldoutItem> holdout;
    for (const auto& row : judging_rows(rows, turn_row.window_end - policy().gate_window)) {
        holdout.push_back({row.text, row.label});
    }
    evaluation::GatePlan plan;
    plan.model = policy().model;
    plan.turn = turn_row.id;
    plan.now = turn_row.created;
    const auto challenger = TRY(packed_version());
    const auto evaluated =
        TRY(owner.rooms_.evaluation.judge(plan, challenger, TRY(champion()), holdout));
    return outcome_of(
        {{"evaluation", evaluated.id.text()},
         {"verdict", enum_name(evaluated.verdict)},
         {"n", evaluated.n},
         {"only_challenger", evaluated.only_challenger},
         {"only_champion", evaluated.only_champion},
         {"reason", evaluated.reason}}
    );
}

Result<Conductor::StepOutcome> Conductor::Round::release_step() {
    if (TRY(nothing_to_train())) {
        return not_needed();
    }
    const Json judged = TRY(output_of("judge"));
    const auto id = TRY(Id<Evaluation>::parse(TRY(string_field(judged, "evaluation"))));
    const auto evaluated = TRY(owner.rooms_.release.evaluation(id));
    const auto outcome =
        TRY(owner.rooms_.release.act({policy().when_undecided, turn_row.created}, evaluated));
    const Json numbers = {
        {"verdict", judged.at("verdict")}, {"moved", outcome.moved}, {"reason", outcome.reason}
    };
    TRY(record_decision(
        "release",
        {{"when_undecided",
          policy().when_undecided == release::WhenUndecided::Keep ? "keep" : "promote unless worse"}
        },
        numbers,
        outcome.moved ? "promoted" : "kept"
    ));
    return outcome_of(numbers);
}

Result<Conductor::StepOutcome> Conductor::Round::correct() {
    const auto served_by = TRY(champion());
    if (!policy().correction || !served_by || turn_row.window_begin == turn_row.window_end) {
        return outcome_of({{"skipped", "nothing was served to estimate a class mix from"}});
    }
    evaluation::CorrectionPlan plan;
    plan.model = policy().model;
    plan.objective = policy().objective;
    plan.prior_discount = policy().prior_discount;
    plan.window = {turn_row.window_end - policy().correction_window, turn_row.window_end};
    plan.now = turn_row.created;
    const auto correction = TRY(owner.rooms_.evaluation.correct(plan, *served_by));
    const Json numbers = {
        {"enabled", correction.enabled},
        {"rows", correction.rows},
        {"audited", correction.audited},
        {"only_corrected", correction.only_corrected},
        {"only_plain", correction.only_plain},
        {"reason", correction.reason}
    };
    TRY(record_decision(
        "correction",
        {{"objective", policy().objective}},
        numbers,
        correction.enabled ? "on" : "off"
    ));
    return outcome_of(numbers);
}

Result<Json> Conductor::Round::never_retrained(monitoring::AuditedRows audited) const {
    const auto first = TRY(owner.rooms_.release.first(policy().model));
    if (!first || audited.rows.empty()) {
        return Json(nullptr);
    }
    const auto labels = TRY(owner.rooms_.labeling.schema(policy().model)).labels;
    // Its classes must be the label_ids of today; later ones it does not know.
    if (first->labels.size() > labels.size() ||
        !std::equal(first->labels.begin(), first->labels.end(), labels.begin())) {
        return Json(nullptr);
    }
    std::vector<Digest> items;
    items.reserve(audited.rows.size());
    for (const auto& row : audited.rows) {
        items.push_back(row.item);
    }
    const auto answers =
        owner.rooms_.evaluation.uncorrected_answers(*first, items, policy().prior_discount);
    if (!answers && !lasting(answers.error().code)) {
        return answers.error();
    }
    if (!answers) {
        // A comparison that trying again cannot mend is no reason to hold the Turn.
        log_warn(
            "first version not compared",
            {{"version", first->number}, {"error", answers.error().message}}
        );
        return Json(nullptr);
    }
    for (std::size_t i = 0; i < items.size(); ++i) {
        audited.rows[i].answer = (*answers)[i];
    }
    Json shown = json_of(monitoring::accuracy_of(audited));
    shown["version"] = first->number;
    return shown;
}

Result<Json> Conductor::Round::summary() const {
    const Json chosen = TRY(output_of("choose"));
    const Json observed = TRY(output_of("observe"));
    const Json decided = TRY(output_of("decide"));
    const Json released = TRY(output_of("release"));
    auto audited = TRY(owner.rooms_.monitoring.audited_rows(policy().model, window()));
    const Json as_served = json_of(monitoring::accuracy_of(audited));
    const auto served_by = TRY(champion());
    Json whole = {
        {"served", chosen.value("served", std::int64_t{0})},
        {"questions", chosen.value("questions", std::int64_t{0})},
        {"audited", as_served},
        {"never_retrained", TRY(never_retrained(std::move(audited)))},
        {"drift", observed},
        {"reason", decided.value("reason", released.value("reason", std::string()))},
        {"retrain", decided},
        {"judge", TRY(output_of("judge"))},
        {"correction", TRY(output_of("correct"))},
        {"version", served_by ? served_by->number : 0}
    };
    return whole;
}

Result<Conductor::StepOutcome> Conductor::Round::settle() {
    const Json released = TRY(output_of("release"));
    const bool trained = !TRY(nothing_to_train());
    turn_row.summary.text = canonical(TRY(summary()));
    turn_row.verdict = !trained                         ? "no change"
                       : released.value("moved", false) ? "promoted"
                                                        : "kept";
    turn_row.state = TurnState::Done;
    turn_row.ended = owner.clock_.now();
    std::error_code ignored;
    std::filesystem::remove_all(policy().scratch / turn_row.id.text(), ignored);
    StepOutcome outcome = outcome_of({{"verdict", turn_row.verdict}});
    outcome.ends = true;
    return outcome;
}

}  // namespace flywheel::loop
