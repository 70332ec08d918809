#pragma once
// SPDX-License-Identifier: Apache-2.0
// Release: moves the label `stable`, by the gate's verdict or by a person, and back. Called by
// loop/ and by the gateway's slow routes; any thread (the ledger orders the writes).

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "ports/ledger/ledger.h"
#include "records/evaluation.h"
#include "records/incident.h"
#include "records/model_version.h"
#include "records/rollout.h"

namespace flywheel::release {

/// What to do when the gate is undecided (small hold-outs rarely prove anything).
enum class WhenUndecided {
    PromoteUnlessWorse,  ///< b >= c, or no worse log-loss: the fresher model serves; its audits
                         ///< decide later.
    Keep,                ///< Only proof moves the label.
};

struct Plan {
    WhenUndecided when_undecided = WhenUndecided::PromoteUnlessWorse;
    Time now = {};
};

struct Outcome {
    bool moved = false;
    std::optional<Rollout> rollout;
    std::string reason;  ///< One sentence with the numbers.
};

class Release {
  public:
    Release(
        Reader<Evaluation> evaluations, Reader<ModelVersion> versions, Writer<Rollout> rollouts
    );

    /// Acts on the verdict. Moves nothing when another champion was judged than is served now, or
    /// when the version was rolled back before. A second run finds the first one's Rollout.
    Result<Outcome> act(const Plan& plan, const Evaluation& evaluation);
    /// A person promotes a version, also one that was rolled back before; NotFound for an unknown
    /// one. When it is served already nothing moves and the newest Rollout comes back.
    Result<Rollout> promote(
        const std::string& model, std::int64_t number, const std::string& who, Time now
    );
    /// Back to what was served before the newest move that still stands, so two rollbacks go back
    /// two versions. Conflict when there is nothing before.
    Result<Rollout> rollback(
        const std::string& model, const std::string& who, const std::string& reason, Time now
    );
    /// By number; NotFound names it.
    Result<ModelVersion> version(const std::string& model, std::int64_t number) const;
    /// By id; NotFound names it.
    Result<Evaluation> evaluation(const Id<Evaluation>& id) const;
    /// What `stable` points to; nothing when no version was released yet.
    Result<std::optional<ModelVersion>> champion(const std::string& model) const;

  private:
    Reader<Evaluation> evaluations_;
    Reader<ModelVersion> versions_;
    Writer<Rollout> rollouts_;
};

}  // namespace flywheel::release
