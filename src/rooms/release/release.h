#pragma once
// SPDX-License-Identifier: Apache-2.0
// Release: moves the labels of a model, by the gate's verdict or by a person, and back. Called by
// loop/ and by the gateway's slow routes; any thread (the ledger orders the writes). A verb that
// finds its work done returns the event that did it.

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "ports/ledger/ledger.h"
#include "records/evaluation.h"
#include "records/incident.h"
#include "records/model_version.h"
#include "records/rollout_fold.h"

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

/// What a person does with a Rollout.
struct Wish {
    std::string model;
    std::int64_t version = 0;  ///< ModelVersion.number; 0 where the live Rollout says it.
    double share = 1;          ///< In (0, 1]: of traffic answered by a canary, copied to a shadow.
    bool signature_change = false;  ///< The version may take and give other tensors.
    std::string who;
    std::string reason;  ///< "" = one is made.
    Time now;
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
    /// one. Ends the live Rollout: as done when it is about this version, else as cancelled. When
    /// it is served already nothing moves.
    Result<Rollout> promote(const Wish& wish);
    /// The version answers copies of `share` of the traffic; no caller sees it. Conflict: nothing
    /// is served yet, it is served already, or another Rollout is live. Asked for while it is live
    /// it changes the share.
    Result<Rollout> start_shadow(const Wish& wish);
    /// The version answers `share` of the traffic; a shadow of the same version becomes this
    /// canary. Otherwise like start_shadow().
    Result<Rollout> start_canary(const Wish& wish);
    /// Another share for the live Rollout. Conflict when none is live.
    Result<Rollout> set_share(const Wish& wish);
    /// `stable` moves to the version of the live Rollout. Conflict when none is live.
    Result<Rollout> finish(const Wish& wish);
    /// Ends the live Rollout; `stable` stays. Conflict when none is live.
    Result<Rollout> cancel(const Wish& wish);
    /// A live canary is taken back, and `stable` stays. Else back to what was served before the
    /// newest move that still stands, so two rollbacks go back two versions; a live shadow is
    /// cancelled with it. Conflict when there is nothing before.
    Result<Rollout> rollback(
        const std::string& model, const std::string& who, const std::string& reason, Time now
    );
    /// By number; NotFound names it.
    Result<ModelVersion> version(const std::string& model, std::int64_t number) const;
    /// By id; NotFound names it.
    Result<Evaluation> evaluation(const Id<Evaluation>& id) const;
    /// What `stable` points to; nothing when no version was released yet.
    Result<std::optional<ModelVersion>> champion(const std::string& model) const;
    /// The version that was released first, whatever came after; nothing when none was yet.
    Result<std::optional<ModelVersion>> first(const std::string& model) const;
    /// What the events of the model add up to.
    Result<RolloutFold> standing(const std::string& model) const;

  private:
    Result<Rollout> go_live(const Wish& wish, RolloutState state);
    Result<void> append(RolloutFold& fold, const Rollout& event);

    Reader<Evaluation> evaluations_;
    Reader<ModelVersion> versions_;
    Writer<Rollout> rollouts_;
};

}  // namespace flywheel::release
