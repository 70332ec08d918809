// SPDX-License-Identifier: Apache-2.0
// Label-shift correction: what the class mix is now, and whether audited rows say that using it
// helps.
#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "ports/ledger/current_label.h"
#include "rooms/evaluation/evaluation.h"
#include "stats/label_shift.h"

namespace flywheel::evaluation {

namespace {

/// Audited row with its label, before its Prediction is known.
struct Audit {
    Id<Prediction> prediction;
    std::int64_t label = -1;
};

struct Audits {
    std::vector<Audit> newest;  ///< Newest first.
    TimeRange range;            ///< Holds all of them.
};

Result<Audits> labelled_audits(
    const Reader<LabelTask>& tasks, const Reader<LabelEvent>& events, const CorrectionPlan& plan
) {
    auto all = TRY(tasks.select(
        Where<LabelTask>().eq(&LabelTask::model, plan.model).eq(&LabelTask::arm, Arm::Audit)
    ));
    std::sort(all.begin(), all.end(), [](const LabelTask& a, const LabelTask& b) {
        return a.prediction > b.prediction;
    });
    Audits audits;
    for (const auto& task : all) {
        if (static_cast<std::int64_t>(audits.newest.size()) >= plan.audits_max) {
            break;
        }
        const auto label = TRY(current_label(events, task.model, task.item));
        if (!label) {
            continue;
        }
        const bool first = audits.newest.empty();
        audits.newest.push_back({task.prediction, *label});
        auto& range = audits.range;
        range.begin = first ? task.window_begin : std::min(range.begin, task.window_begin);
        range.end = first ? task.window_end : std::max(range.end, task.window_end);
    }
    return audits;
}

/// Items anybody ever answered about.
Result<std::unordered_set<Digest, DigestHash>> labelled_items(
    const Reader<LabelEvent>& events, const std::string& model
) {
    std::unordered_set<Digest, DigestHash> items;
    TRY(events.each(
        Where<LabelEvent>().eq(&LabelEvent::model, model),
        [&](const LabelEvent& event) -> Result<void> {
            items.insert(event.item);
            return {};
        }
    ));
    return items;
}

/// The Corrections of each version, oldest first.
using History = std::map<std::string, std::vector<Correction>>;

Result<History> corrections_by_version(
    const Reader<Correction>& corrections, const std::string& model
) {
    History history;
    TRY(corrections.each(
        Where<Correction>().eq(&Correction::model, model).order(&Correction::created),
        [&](const Correction& correction) -> Result<void> {
            history[std::to_string(correction.version)].push_back(correction);
            return {};
        }
    ));
    return history;
}

/// What stood when the row was served; null when nothing did.
const Correction* standing(const History& history, const Prediction& row) {
    const auto version = history.find(row.version);
    if (version == history.end()) {
        return nullptr;
    }
    const Correction* found = nullptr;
    for (const auto& correction : version->second) {
        if (correction.created <= row.time &&
            correction.current_prior.size() == row.calibrated().size() &&
            correction.trained_prior.size() == row.calibrated().size()) {
            found = &correction;
        }
    }
    return found;
}

std::int64_t top(std::span<const float> scores) {
    return std::max_element(scores.begin(), scores.end()) - scores.begin();
}

/// The class that is served where no Correction stands; a version without a training mix has no
/// other rule than the greatest score.
std::int64_t plain_answer(
    const std::vector<float>& scores, const std::vector<double>& prior, double discount
) {
    return prior.empty()
               ? top(scores)
               : top(stats::corrected(scores, stats::discounted_prior(prior, discount), prior));
}

Result<void> check_version(const ModelVersion& version) {
    const bool fits = version.prior.size() == version.labels.size() && !version.prior.empty();
    const bool positive = std::all_of(version.prior.begin(), version.prior.end(), [](double share) {
        return share > 0;
    });
    if (!fits || !positive) {
        return corrupt(fmt::format(
            "A model version needs a positive training share for each of its classes: version {}, "
            "{} "
            "shares, {} classes",
            version.number,
            version.prior.size(),
            version.labels.size()
        ));
    }
    return {};
}

/// Training mixes by the version text that predictions carry, read once each; empty when the
/// version is unknown or its mix does not fit.
class TrainedPriors {
  public:
    TrainedPriors(const Reader<ModelVersion>& versions, const ModelVersion& known)
        : versions_(versions), model_(known.model), classes_(known.labels.size()) {
        priors_.emplace(std::to_string(known.number), known.prior);
    }

    Result<std::span<const double>> of(const std::string& version) {
        const auto known = priors_.find(version);
        if (known != priors_.end()) {
            return std::span<const double>(known->second);
        }
        std::vector<double> prior;
        const auto all =
            TRY(versions_.select(Where<ModelVersion>().eq(&ModelVersion::model, model_)));
        for (const auto& each : all) {
            if (std::to_string(each.number) == version && each.prior.size() == classes_ &&
                check_version(each)) {
                prior = each.prior;
            }
        }
        return std::span<const double>(priors_.emplace(version, std::move(prior)).first->second);
    }

  private:
    const Reader<ModelVersion>& versions_;
    std::string model_;
    std::size_t classes_;
    std::map<std::string, std::vector<double>> priors_;
};

}  // namespace

/// Audited rows under the Correction that stood, against no correction.
struct Evaluator::Tally {
    std::int64_t audited = 0;
    std::int64_t only_corrected = 0;
    std::int64_t only_plain = 0;
    double balanced_gain = 0;  ///< Change of the mean recall over the classes that were audited.
};

Result<Evaluator::Tally> Evaluator::tally(const CorrectionPlan& plan) const {
    Tally tally;
    const auto audits = TRY(labelled_audits(tasks_, events_, plan));
    const auto history = TRY(corrections_by_version(corrections_.reader(), plan.model));
    if (audits.newest.empty() || history.empty()) {
        return tally;
    }
    std::unordered_map<Id<Prediction>, std::int64_t> labels;
    for (const auto& audit : audits.newest) {
        labels.emplace(audit.prediction, audit.label);
    }

    struct ClassTally {
        std::int64_t rows = 0;
        std::int64_t gain = 0;
    };

    std::map<std::int64_t, ClassTally> by_class;
    const auto served = TRY(captured_.predictions(plan.model, audits.range));
    for (const auto& row : served) {
        const auto label = labels.find(row.id);
        const Correction* stood = label == labels.end() ? nullptr : standing(history, row);
        if (stood == nullptr) {
            continue;
        }
        const auto& scores = row.calibrated();
        const bool plain =
            plain_answer(scores, stood->trained_prior, plan.prior_discount) == label->second;
        const bool better = top(stats::corrected(scores, stood->current_prior, stood->trained_prior)
                            ) == label->second;
        ++tally.audited;
        tally.only_corrected += better && !plain ? 1 : 0;
        tally.only_plain += plain && !better ? 1 : 0;
        auto& slice = by_class[label->second];
        ++slice.rows;
        slice.gain += static_cast<std::int64_t>(better) - static_cast<std::int64_t>(plain);
    }
    for (const auto& [label, slice] : by_class) {
        tally.balanced_gain += static_cast<double>(slice.gain) / static_cast<double>(slice.rows) /
                               static_cast<double>(by_class.size());
    }
    return tally;
}

Result<std::vector<std::int64_t>> Evaluator::uncorrected_answers(
    const ModelVersion& version, const std::vector<Digest>& items, double prior_discount
) const {
    if (!version.prior.empty()) {
        TRY(check_version(version));
    }
    const auto model = TRY(load(version));
    std::vector<float> scores(version.labels.size());
    std::vector<std::int64_t> answers;
    answers.reserve(items.size());
    for (const auto& item : items) {
        model->predict(TRY(examples_.get(item)).payload, scores, {});
        answers.push_back(plain_answer(scores, version.prior, prior_discount));
    }
    return answers;
}

Result<Correction> Evaluator::correct(const CorrectionPlan& plan, const ModelVersion& version) {
    if (plan.objective != "accuracy" && plan.objective != "balanced") {
        return invalid_argument(
            "The objective must be 'accuracy' or 'balanced': '" + plan.objective + "'"
        );
    }
    TRY(check_version(version));
    Correction correction;
    correction.id = Id<Correction>::derived(
        plan.now, fmt::format("correction|{}|{}", plan.model, version.number)
    );
    if (auto found = TRY(corrections_.reader().find(correction.id))) {
        return std::move(*found);
    }
    stats::MixEstimator estimator(version.prior);
    TrainedPriors priors(versions_, version);
    const auto rows = TRY(captured_.predictions(plan.model, plan.window));
    const auto labelled = TRY(labelled_items(events_, plan.model));
    const auto model = TRY(load(version));
    std::vector<float> scores(version.prior.size());
    for (const auto& row : rows) {
        // The newest model reads the mix best, but what it may have learned from it would read with
        // in-sample confidence: those rows keep the scores they were served with, each under its
        // own version's mix.
        if (!row.payload.empty() && !labelled.contains(row.payload_digest)) {
            model->predict(row.payload, scores, {});
            estimator.add(scores, version.prior);
            continue;
        }
        const auto prior = TRY(priors.of(row.version));
        if (!prior.empty() && row.calibrated().size() == version.prior.size()) {
            estimator.add(row.calibrated(), prior);
        }
    }
    correction.model = plan.model;
    correction.version = version.number;
    correction.trained_prior = version.prior;
    correction.current_prior =
        estimator.estimate({.pull = plan.pull, .rounds_max = plan.rounds}).mix;
    correction.rows = estimator.rows();
    correction.objective = plan.objective;
    correction.created = plan.now;
    TRY(decide(plan, correction));
    TRY(corrections_.insert(correction));
    return correction;
}

Result<void> Evaluator::decide(const CorrectionPlan& plan, Correction& correction) const {
    const auto tally = TRY(this->tally(plan));
    correction.audited = tally.audited;
    correction.only_corrected = tally.only_corrected;
    correction.only_plain = tally.only_plain;
    const auto before =
        TRY(corrections_.reader().first(Where<Correction>()
                                            .eq(&Correction::model, plan.model)
                                            .eq(&Correction::objective, plan.objective)
                                            .lt(&Correction::created, plan.now)
                                            .newest(&Correction::created)));
    const double gain = plan.objective == "balanced"
                            ? tally.balanced_gain
                            : static_cast<double>(tally.only_corrected - tally.only_plain);
    const bool was_on = before && before->enabled;
    const bool enough = tally.audited >= plan.audits_min;
    correction.enabled = enough && (was_on ? gain >= 0 : gain > 0);
    const std::string balanced =
        plan.objective == "balanced"
            ? fmt::format(", mean recall {:+.1f} points", 100 * tally.balanced_gain)
            : std::string();
    correction.reason = fmt::format(
        "Correction {} {}: it alone is right on {} audited rows, plain scores alone on {}, of {}{} "
        "(at "
        "least {} needed).",
        was_on == correction.enabled ? "stays" : "goes",
        correction.enabled ? "on" : "off",
        tally.only_corrected,
        tally.only_plain,
        tally.audited,
        balanced,
        plan.audits_min
    );
    return {};
}

}  // namespace flywheel::evaluation
