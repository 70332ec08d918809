#pragma once
// SPDX-License-Identifier: Apache-2.0
// Evaluation: champion against challenger on the audit hold-out, paired, and whether label-shift
// correction helps. Called by loop/, one thread.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ports/engine/engine.h"
#include "ports/ledger/ledger.h"
#include "ports/recorder.h"
#include "ports/vault/vault.h"
#include "records/correction.h"
#include "records/evaluation.h"
#include "records/example.h"
#include "records/label_event.h"
#include "records/label_task.h"
#include "records/model_version.h"

namespace flywheel::evaluation {

/// One hold-out item: split `test`, one per near-duplicate group.
struct HoldoutItem {
    std::string text;
    std::int64_t label = -1;
};

struct GatePlan {
    std::string model;
    std::optional<Id<Turn>> turn = {};
    double margin = 0.01;               ///< Non-inferiority margin of delta.
    double alpha = 0.05;                ///< Of each one-sided test.
    std::int64_t items_min = 10;        ///< Fewer hold-out items: undecided.
    std::int64_t slice_items_min = 50;  ///< A class with so many items can veto.
    double slice_loss = 0.03;  ///< by a loss of at least so much, if also McNemar p <= alpha.
    Time now = {};
};

struct CorrectionPlan {
    std::string model;
    std::string objective = "accuracy";  ///< or "balanced" (mean recall).
    TimeRange window = {};  ///< Served rows the class mix is estimated from (about 3 months).
    std::int64_t audits_min = 30;   ///< Fewer audited rows: stays off.
    std::int64_t audits_max = 400;  ///< Only the newest so many audited rows decide.
    double pull = 100;  ///< Dirichlet rows that pull the estimate to the training prior.
    double prior_discount =
        0.25;         ///< Of the rule that serves while no mix is measured; what the mix must beat.
    int rounds = 60;  ///< Of EM, at most.
    Time now = {};
};

/// What the two versions say of one hold-out item: probabilities by class of each version.
struct PairedScores {
    std::vector<float> challenger;
    std::vector<float> champion;  ///< Empty without a champion.
};

class Evaluator {
  public:
    Evaluator(
        const Vault& vault,
        const Engine& engine,
        const CapturedRows& captured,
        Reader<LabelTask> tasks,
        Reader<LabelEvent> events,
        Reader<ModelVersion> versions,
        Reader<Example> examples,
        Writer<Evaluation> evaluations,
        Writer<Correction> corrections
    );

    /// The gate. Without a champion the verdict is promote, and `only_challenger` counts the items
    /// it got right. A second run with the same turn and challenger finds the first.
    /// InvalidArgument: class names of the two versions differ, a label outside the challenger's
    /// classes.
    Result<Evaluation> judge(
        const GatePlan& plan,
        const ModelVersion& challenger,
        const std::optional<ModelVersion>& champion,
        const std::vector<HoldoutItem>& holdout
    );

    /// What was compared, item by item, computed anew from the stored versions: the same input
    /// gives the same numbers. NotFound: a version is gone. Any thread.
    Result<std::vector<PairedScores>> answers_again(
        const Evaluation& evaluation, const std::vector<std::string>& texts
    ) const;

    /// What `version` answers to each item where no Correction stands: the class of its greatest
    /// score after the rule `prior_discount`, as serving answers. NotFound: an item or the artefact
    /// is gone. Any thread.
    Result<std::vector<std::int64_t>> uncorrected_answers(
        const ModelVersion& version, const std::vector<Digest>& items, double prior_discount
    ) const;

    /// Estimates the class mix on the served rows of the window by EM (Saerens et al. 2002) from
    /// their calibrated scores as served (no version had trained on a row before it served it),
    /// each divided by the training mix of its own version, and decides from audited rows whether
    /// `version` is to be served with it. The evidence is prequential: each audited row is compared
    /// under the Correction that stood when it was served (enabled or not) against no correction.
    /// Once on, it goes off only when that comparison turns against it. A second run with the same
    /// version and `now` finds the first. Corrupt: the version's mix does not fit its labels.
    Result<Correction> correct(const CorrectionPlan& plan, const ModelVersion& version);

  private:
    struct Tally;

    Result<std::shared_ptr<const Model>> load(const ModelVersion& version) const;
    Result<Tally> tally(const CorrectionPlan& plan) const;
    Result<void> decide(const CorrectionPlan& plan, Correction& correction) const;

    const Vault& vault_;
    const Engine& engine_;
    const CapturedRows& captured_;
    Reader<LabelTask> tasks_;
    Reader<LabelEvent> events_;
    Reader<ModelVersion> versions_;
    Reader<Example> examples_;
    Writer<Evaluation> evaluations_;
    Writer<Correction> corrections_;
};

}  // namespace flywheel::evaluation
