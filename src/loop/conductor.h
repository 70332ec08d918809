#pragma once
// SPDX-License-Identifier: Apache-2.0
// The conductor: the only place that knows the order of the rooms. A Turn carries one model once
// round the wheel as a state machine whose finished steps stand in the ledger, so a killed process
// goes on where it was. Called by the loop thread, by `flywheel turn` and by tests; one advance at
// a time (a mutex inside).

#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "ports/ledger/ledger.h"
#include "ports/notify/notifier.h"
#include "records/turn.h"
#include "rooms/collection/collection.h"
#include "rooms/compression/compression.h"
#include "rooms/datasets/datasets.h"
#include "rooms/evaluation/evaluation.h"
#include "rooms/labeling/labeling.h"
#include "rooms/monitoring/monitoring.h"
#include "rooms/release/release.h"
#include "rooms/selection/selection.h"
#include "rooms/training/training.h"

namespace flywheel::loop {

/// What the user decides about the loop of one model.
struct Policy {
    std::string model;
    std::string objective =
        "accuracy";  ///< or "balanced": what label-shift correction must improve.
    Duration cadence =
        std::chrono::days(14);  ///< A Turn is due this long after the last one's window.
    double label_share = 0.10;  ///< Questions to people per served row, audit included.
    double audit_share = 0.4;   ///< Of the questions, drawn uniformly.
    double drift_boost = 2.5;   ///< While drift is open, unspent budget may be used this fast.
    std::int64_t retrain_labels_min = 10;         ///< Fewer new labels: no retraining.
    Duration labels_wait = std::chrono::days(7);  ///< Then the Turn goes on with what was answered.
    Duration correction_window =
        std::chrono::days(92);                    ///< Served rows the class mix is estimated from.
    Duration half_life = std::chrono::days(365);  ///< A training row this old weighs one half.
    Duration gate_window =
        std::chrono::days(365);    ///< Hold-out rows first seen within it judge a challenger.
    int trials = 4;                ///< Settings tried each time.
    double false_alarm_days = 90;  ///< At most one false drift alarm per so many days.
    double prior_discount = 0.25;  ///< As serving's: the rule that correction must beat.
    bool correction = true;        ///< Label-shift correction may be switched on.
    release::WhenUndecided when_undecided = release::WhenUndecided::PromoteUnlessWorse;
    std::uint64_t seed = 1;
    std::string licence;            ///< Of the data, for the card.
    std::filesystem::path scratch;  ///< Folder for jobs' files.
};

/// The hold-out rows that judge a challenger: split `test`, one a group, first seen since `oldest`:
/// older ones belong to a world that is not served any more.
[[nodiscard]] std::vector<datasets::Row> judging_rows(
    const std::vector<datasets::Row>& rows, Time oldest
);

/// The rooms, in the order of the wheel.
struct Rooms {
    collection::Collection& collection;
    monitoring::Monitoring& monitoring;
    selection::Selection& selection;
    labeling::Labeling& labeling;
    datasets::Datasets& datasets;
    training::Training& training;
    compression::Compression& compression;
    evaluation::Evaluator& evaluation;
    release::Release& release;
};

/// What the conductor tells others; all may be empty.
struct Listeners {
    /// What is served changed (a Rollout or a Correction was committed): serving loads it.
    std::function<Result<void>(const std::string& model)> served_changed;
    /// A line of a job's progress (JSON), with the step it belongs to.
    std::function<void(const std::string& step, const std::string& line)> progress;
};

struct Records {
    Writer<Turn> turns;
    Writer<TurnStep> steps;
    Writer<Decision> decisions;
};

class Conductor {
  public:
    Conductor(
        Rooms rooms,
        const CapturedRows& captured,
        Records records,
        const Clock& clock,
        Notifier& notifier,
        Policy policy,
        Listeners listeners = {}
    );

    /// Opens a Turn over the rows served since the last one's window, up to `window_end`. Conflict
    /// when one is open.
    Result<Turn> open(const std::string& trigger, Time window_end);
    /// Does the open Turn's steps until it waits for people or ends. NotFound when none is open. A
    /// step that fails leaves the Turn open with the error in it; calling again tries the step
    /// again.
    Result<Turn> advance();
    /// A fit under way gives up with Cancelled; its step is done again by the next advance. Any
    /// thread.
    void stop_jobs();
    /// Ends the open Turn without a verdict of its own.
    Result<Turn> cancel(const std::string& who);
    /// Ends the open Turn as failed; the champion serves on.
    Result<Turn> fail(const std::string& why);

    /// The open Turn, if any.
    Result<std::optional<Turn>> current() const;
    /// Why a Turn is due now; nothing when none is.
    Result<std::optional<std::string>> due() const;

    /// Reads the questions and answers there are, which labeling keeps in memory from then on, so
    /// that the first person who asks for tasks does not wait for it. Any thread.
    Result<void> warm_up() const;

    /// Looks whether suggestions pull people and whether they differ more than they did; an
    /// Incident about it is told at once. Any thread.
    Result<void> watch_labels() const;

    [[nodiscard]] const Policy& policy() const { return policy_; }

    /// The search or fit under way, as far as its job has told. Any thread.
    [[nodiscard]] const training::Fits& fits() const { return rooms_.training.fits(); }

    struct StepOutcome {
        std::string output = "{}";  ///< Canonical JSON that later steps and the summary read.
        bool waiting = false;       ///< Not finished: people are asked first.
        bool ends = false;          ///< The Turn has its verdict.
    };

  private:
    struct Step;
    class Round;  // one advance: the Turn, what its steps have put out, and the step bodies

    static const std::vector<Step>& steps();
    Result<bool> run_step(Round& round, std::size_t at);
    void tell(const Notice& notice) const;
    Result<Turn> end(
        Turn turn, TurnState state, const std::string& verdict, const std::string& error
    );

    Rooms rooms_;
    const CapturedRows& captured_;
    Records records_;
    const Clock& clock_;
    Notifier& notifier_;
    Policy policy_;
    Listeners listeners_;
    std::mutex advancing_;
};

}  // namespace flywheel::loop
