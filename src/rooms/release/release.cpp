// SPDX-License-Identifier: Apache-2.0
#include "rooms/release/release.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "rooms/release/next_event.h"

namespace flywheel::release {

namespace {

Result<RolloutFold> fold_of(const Reader<Rollout>& rollouts, const std::string& model) {
    return RolloutFold(
        TRY(rollouts.select(Where<Rollout>().eq(&Rollout::model, model).order(&Rollout::seq)))
    );
}

Result<std::optional<ModelVersion>> numbered(
    const Reader<ModelVersion>& versions, const std::string& model, std::int64_t number
) {
    return versions.first(
        Where<ModelVersion>().eq(&ModelVersion::model, model).eq(&ModelVersion::number, number)
    );
}

/// One that a Rollout names.
Result<ModelVersion> released(
    const Reader<ModelVersion>& versions, const std::string& model, std::int64_t number
) {
    auto version = TRY(numbered(versions, model, number));
    if (!version) {
        return corrupt(fmt::format(
            "The released version is not in the ledger: '{}', version {}", model, number
        ));
    }
    return std::move(*version);
}

Result<bool> was_rolled_back(
    const Reader<Rollout>& rollouts, const std::string& model, std::int64_t number
) {
    const auto moves = TRY(rollouts.count(Where<Rollout>()
                                              .eq(&Rollout::model, model)
                                              .eq(&Rollout::state, RolloutState::RolledBack)
                                              .eq(&Rollout::from_version, number)));
    return moves > 0;
}

struct Opinion {
    bool move = false;
    std::string reason;
};

Opinion opinion(const Plan& plan, const Evaluation& evaluation) {
    if (evaluation.verdict == Verdict::Promote) {
        return {true, evaluation.reason};
    }
    if (evaluation.verdict == Verdict::Keep) {
        return {false, "Kept the champion. " + evaluation.reason};
    }
    if (plan.when_undecided == WhenUndecided::Keep) {
        return {false, "Kept the champion, since nothing is proven. " + evaluation.reason};
    }
    const bool no_worse = evaluation.only_challenger >= evaluation.only_champion ||
                          evaluation.challenger_log_loss <= evaluation.champion_log_loss;
    return {
        no_worse,
        (no_worse ? "Released the fresher version, since it is not seen to be worse. "
                  : "Kept the champion, since the challenger looks worse. ") +
            evaluation.reason
    };
}

}  // namespace

Release::Release(
    Reader<Evaluation> evaluations, Reader<ModelVersion> versions, Writer<Rollout> rollouts
)
    : evaluations_(evaluations), versions_(versions), rollouts_(rollouts) {}

Result<Outcome> Release::act(const Plan& plan, const Evaluation& evaluation) {
    TRY(evaluations_.get(evaluation.id));
    const auto transaction = TRY(rollouts_.begin());
    const auto rollouts = rollouts_.reader();
    auto found = TRY(rollouts.first(Where<Rollout>().eq(&Rollout::evaluation, evaluation.id)));
    if (found) {
        std::string reason = found->reason;
        return Outcome{true, std::move(found), std::move(reason)};
    }
    const auto challenger = TRY(versions_.get(evaluation.challenger));
    auto before = TRY(fold_of(rollouts, evaluation.model));
    const auto stays = [](std::string reason) {
        return Outcome{false, std::nullopt, std::move(reason)};
    };
    if (const auto& live = before.live()) {
        return stays(fmt::format(
            "A {} of version {} is under way; it is decided first.",
            noun_of(live->state),
            live->to_version
        ));
    }
    const auto served = TRY(champion(evaluation.model));
    const auto served_id = served ? std::optional(served->id) : std::nullopt;
    if (served_id == evaluation.challenger) {
        return Outcome{
            false, before.newest(), fmt::format("Version {} is served already.", challenger.number)
        };
    }
    if (served_id != evaluation.champion) {
        return stays(fmt::format(
            "Another version than the one judged is served now, version {}: judge again.",
            served ? served->number : 0
        ));
    }
    if (TRY(was_rolled_back(rollouts, evaluation.model, challenger.number))) {
        return stays(fmt::format(
            "Version {} was rolled back before; only a person can release it again.",
            challenger.number
        ));
    }
    Opinion told = opinion(plan, evaluation);
    if (!told.move) {
        return stays(std::move(told.reason));
    }
    Rollout event = next_event(evaluation.model, before, plan.now);
    event.turn = evaluation.turn;
    event.evaluation = evaluation.id;
    event.to_version = challenger.number;
    event.signature_change = served && served->labels != challenger.labels;  // the schema's classes
    event.who = "loop";
    event.reason = told.reason;
    TRY(append(before, event));
    TRY(transaction->commit());
    return Outcome{true, std::move(event), std::move(told.reason)};
}

/// Writes the event and goes on from it.
Result<void> Release::append(RolloutFold& fold, const Rollout& event) {
    TRY(rollouts_.insert(event));
    fold.add(event);
    return {};
}

Result<RolloutFold> Release::standing(const std::string& model) const {
    return fold_of(rollouts_.reader(), model);
}

Result<std::optional<ModelVersion>> Release::champion(const std::string& model) const {
    const std::int64_t stable = TRY(standing(model)).labels().stable;
    if (stable == 0) {
        return std::optional<ModelVersion>();
    }
    return std::optional(TRY(released(versions_, model, stable)));
}

Result<std::optional<ModelVersion>> Release::first(const std::string& model) const {
    const auto event = TRY(rollouts_.reader().first(Where<Rollout>()
                                                        .eq(&Rollout::model, model)
                                                        .eq(&Rollout::state, RolloutState::Done)
                                                        .order(&Rollout::seq)));
    if (!event) {
        return std::optional<ModelVersion>();
    }
    return std::optional(TRY(released(versions_, model, event->to_version)));
}

Result<ModelVersion> Release::version(const std::string& model, std::int64_t number) const {
    auto found = TRY(numbered(versions_, model, number));
    if (!found) {
        return not_found(fmt::format("No such version: '{}', version {}", model, number));
    }
    return std::move(*found);
}

Result<Evaluation> Release::evaluation(const Id<Evaluation>& id) const {
    return evaluations_.get(id);
}

}  // namespace flywheel::release
