// SPDX-License-Identifier: Apache-2.0
#include "rooms/evaluation/evaluation.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include <fmt/format.h>

#include "rooms/evaluation/gate.h"

namespace flywheel::evaluation {

namespace {

constexpr double kProbabilityMin = 1e-6;

/// One list must begin with the other: schemas only append, so then a class index means the same in
/// both.
bool same_meaning(const std::vector<std::string>& a, const std::vector<std::string>& b) {
    const auto shared = std::min(a.size(), b.size());
    return std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(shared), b.begin());
}

Result<void> check_input(
    const ModelVersion& challenger,
    const std::optional<ModelVersion>& champion,
    const std::vector<HoldoutItem>& holdout
) {
    if (champion && !same_meaning(challenger.labels, champion->labels)) {
        return invalid_argument(fmt::format(
            "Champion and challenger name their classes differently, so their answers cannot be "
            "paired: versions {} and {}",
            champion->number,
            challenger.number
        ));
    }
    for (std::size_t i = 0; i < holdout.size(); ++i) {
        const auto label = holdout[i].label;
        if (label < 0 || label >= static_cast<std::int64_t>(challenger.labels.size())) {
            return invalid_argument(fmt::format(
                "A hold-out item has a label outside the challenger's classes: item {}, label {}, "
                "{} "
                "classes",
                i,
                label,
                challenger.labels.size()
            ));
        }
    }
    return {};
}

Result<std::optional<Evaluation>> judged_before(
    const Reader<Evaluation>& evaluations, const GatePlan& plan, const ModelVersion& challenger
) {
    if (plan.turn) {
        return evaluations.first(Where<Evaluation>()
                                     .eq(&Evaluation::challenger, challenger.id)
                                     .eq(&Evaluation::turn, plan.turn));
    }
    return evaluations.first(
        Where<Evaluation>().eq(&Evaluation::challenger, challenger.id).is_null(&Evaluation::turn)
    );
}

struct Marked {
    bool right = false;
    double loss = 0;
};

class Marker {
  public:
    explicit Marker(const Model& model)
        : model_(model), scores_(static_cast<std::size_t>(model.classes())) {}

    Marked mark(const HoldoutItem& item) {
        model_.predict(item.text, scores_, {});
        const auto top = std::max_element(scores_.begin(), scores_.end()) - scores_.begin();
        const auto label = static_cast<std::size_t>(item.label);
        // A class the champion does not know yet has no probability there.
        const double p = label < scores_.size() ? scores_[label] : 0;
        return {top == item.label, -std::log(std::max(p, kProbabilityMin))};
    }

  private:
    const Model& model_;
    std::vector<float> scores_;
};

}  // namespace

Evaluator::Evaluator(
    const Vault& vault,
    const Engine& engine,
    const CapturedRows& captured,
    Reader<LabelTask> tasks,
    Reader<LabelEvent> events,
    Reader<ModelVersion> versions,
    Reader<Example> examples,
    Writer<Evaluation> evaluations,
    Writer<Correction> corrections
)
    : vault_(vault),
      engine_(engine),
      captured_(captured),
      tasks_(tasks),
      events_(events),
      versions_(versions),
      examples_(examples),
      evaluations_(evaluations),
      corrections_(corrections) {}

Result<std::shared_ptr<const Model>> Evaluator::load(const ModelVersion& version) const {
    const std::string place = fmt::format("version {} of '{}'", version.number, version.model);
    const auto bytes = TRY(vault_.get(version.artefact).within(place));
    auto model = TRY(engine_.load(bytes).within(place));
    if (model->classes() != static_cast<std::int32_t>(version.labels.size())) {
        return corrupt(fmt::format(
            "The artefact has another number of classes than its record: {}, {} and {}",
            place,
            model->classes(),
            version.labels.size()
        ));
    }
    return model;
}

Result<std::vector<PairedScores>> Evaluator::answers_again(
    const Evaluation& evaluation, const std::vector<std::string>& texts
) const {
    const auto challenger = TRY(load(TRY(versions_.get(evaluation.challenger))));
    std::shared_ptr<const Model> champion;
    if (evaluation.champion) {
        champion = TRY(load(TRY(versions_.get(*evaluation.champion))));
    }
    std::vector<PairedScores> answers(texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
        answers[i].challenger.resize(static_cast<std::size_t>(challenger->classes()));
        challenger->predict(texts[i], answers[i].challenger, {});
        if (champion) {
            answers[i].champion.resize(static_cast<std::size_t>(champion->classes()));
            champion->predict(texts[i], answers[i].champion, {});
        }
    }
    return answers;
}

Result<Evaluation> Evaluator::judge(
    const GatePlan& plan,
    const ModelVersion& challenger,
    const std::optional<ModelVersion>& champion,
    const std::vector<HoldoutItem>& holdout
) {
    if (auto found = TRY(judged_before(evaluations_.reader(), plan, challenger))) {
        return std::move(*found);
    }
    TRY(check_input(challenger, champion, holdout));
    const auto new_model = TRY(load(challenger));
    Marker new_marker(*new_model);
    std::shared_ptr<const Model> old_model;
    std::optional<Marker> old_marker;
    if (champion) {
        old_model = TRY(load(*champion));
        old_marker.emplace(*old_model);
    }
    std::vector<PairedAnswer> answers;
    for (const auto& item : holdout) {
        const Marked now = new_marker.mark(item);
        const Marked before = old_marker ? old_marker->mark(item) : Marked{};
        answers.push_back({item.label, now.right, before.right, now.loss, before.loss});
    }
    Evaluation evaluation;
    evaluation.id = Id<Evaluation>::derived(
        plan.now,
        fmt::format(
            "evaluation|{}|{}",
            plan.turn ? plan.turn->text() : std::string("no turn"),
            challenger.id.text()
        )
    );
    evaluation.model = plan.model;
    evaluation.turn = plan.turn;
    evaluation.challenger = challenger.id;
    evaluation.champion = champion ? std::optional(champion->id) : std::nullopt;
    evaluation.dataset = challenger.dataset;
    evaluation.created = plan.now;
    apply_gate(plan, answers, challenger.labels, evaluation);
    TRY(evaluations_.insert(evaluation));
    return evaluation;
}

}  // namespace flywheel::evaluation
