#pragma once
// SPDX-License-Identifier: Apache-2.0
// One advance of one Turn: the Turn's row, what its finished steps put out, and the bodies of the
// steps. Internal to loop/.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "loop/conductor.h"

namespace flywheel::loop {

/// A finished step that put this out.
inline Conductor::StepOutcome outcome_of(const Json& output) {
    return {canonical(output), false, false};
}

class Conductor::Round {
  public:
    Round(Conductor& conductor, Turn turn) : owner(conductor), turn_row(std::move(turn)) {}

    Result<StepOutcome> observe();
    Result<StepOutcome> collect();
    Result<StepOutcome> choose();
    Result<StepOutcome> gather();
    Result<StepOutcome> decide();
    Result<StepOutcome> cut();
    Result<StepOutcome> tune();
    Result<StepOutcome> train();
    Result<StepOutcome> judge();
    Result<StepOutcome> release_step();
    Result<StepOutcome> correct();
    Result<StepOutcome> settle();

    Conductor& owner;
    Turn turn_row;
    std::map<std::string, std::string> outputs;  ///< By step name, canonical JSON.

  private:
    /// What a search and a fit start from.
    struct TrainingInput {
        Digest dataset;
        std::vector<datasets::Row> rows;
        std::vector<std::string> labels;  ///< By label_id.
        training::Pack pack;
    };

    [[nodiscard]] const Policy& policy() const { return owner.policy_; }

    [[nodiscard]] TimeRange window() const { return {turn_row.window_begin, turn_row.window_end}; }

    /// Output of an earlier step; an empty object when it was skipped.
    Result<Json> output_of(const std::string& step) const;
    /// True when `decide` said that nothing is to be trained.
    Result<bool> nothing_to_train() const;
    Result<bool> rows_have_several_labels() const;

    Result<std::optional<ModelVersion>> champion() const {
        return owner.rooms_.release.champion(policy().model);
    }

    Result<std::int64_t> take_corrections();
    void note_rows_meant(
        const std::string& target, std::map<Id<Feedback>, std::pair<Id<Prediction>, Digest>>& about
    ) const;
    Result<void> record_decision(
        const std::string& kind,
        const Json& thresholds,
        const Json& numbers,
        const std::string& verdict
    );
    Result<training::Pack> training_pack(
        const std::vector<datasets::Row>& rows, std::size_t classes
    ) const;
    [[nodiscard]] training::Plan training_plan(const Digest& dataset) const;
    Result<Digest> dataset_id() const;
    Result<TrainingInput> training_input() const;
    /// Hands lines of progress on under the step's name.
    [[nodiscard]] std::function<void(const std::string&)> progress_of(const char* step) const;
    Result<ModelVersion> packed_version() const;
    Result<std::optional<bool>> audits_fell(const ModelVersion& champion_version, Json& numbers)
        const;
    /// The audited rows as the version that was released first would have answered them; null where
    /// that is not known.
    Result<Json> never_retrained(monitoring::AuditedRows audited) const;
    Result<Json> summary() const;
};

}  // namespace flywheel::loop
