// SPDX-License-Identifier: Apache-2.0
#include "rooms/release/release.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace flywheel::release {

namespace {

Result<std::optional<Rollout>> newest(const Reader<Rollout>& rollouts, const std::string& model) {
    return rollouts.first(Where<Rollout>().eq(&Rollout::model, model).newest(&Rollout::seq));
}

Result<std::optional<ModelVersion>> numbered(
    const Reader<ModelVersion>& versions, const std::string& model, std::int64_t number
) {
    return versions.first(
        Where<ModelVersion>().eq(&ModelVersion::model, model).eq(&ModelVersion::number, number)
    );
}

/// The next move of the label, not yet written.
Rollout next_move(const std::string& model, const std::optional<Rollout>& before, Time now) {
    Rollout rollout;
    rollout.model = model;
    rollout.seq = before ? before->seq + 1 : 1;
    rollout.from_version = before ? before->to_version : 0;
    rollout.created = now;
    rollout.id = Id<Rollout>::derived(now, fmt::format("rollout|{}|{}", model, rollout.seq));
    return rollout;
}

/// Versions that were served one after the other, without the moves that were taken back: the last
/// one is served now.
std::vector<std::int64_t> standing_versions(const std::vector<Rollout>& moves) {
    std::vector<std::int64_t> stack;
    for (const auto& move : moves) {
        if (move.state == RolloutState::Done) {
            stack.push_back(move.to_version);
        } else if (!stack.empty()) {
            stack.pop_back();
        }
    }
    return stack;
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
    const auto before = TRY(newest(rollouts, evaluation.model));
    const auto served = TRY(champion(evaluation.model));
    const auto served_id = served ? std::optional(served->id) : std::nullopt;
    if (served_id == evaluation.challenger) {
        return Outcome{
            false, before, fmt::format("Version {} is served already.", challenger.number)
        };
    }
    if (served_id != evaluation.champion) {
        return Outcome{
            false,
            std::nullopt,
            fmt::format(
                "Another version than the one judged is served now, version {}: judge again.",
                served ? served->number : 0
            )
        };
    }
    if (TRY(was_rolled_back(rollouts, evaluation.model, challenger.number))) {
        return Outcome{
            false,
            std::nullopt,
            fmt::format(
                "Version {} was rolled back before; only a person can release it again.",
                challenger.number
            )
        };
    }
    Opinion told = opinion(plan, evaluation);
    if (!told.move) {
        return Outcome{false, std::nullopt, std::move(told.reason)};
    }
    Rollout rollout = next_move(evaluation.model, before, plan.now);
    rollout.turn = evaluation.turn;
    rollout.evaluation = evaluation.id;
    rollout.to_version = challenger.number;
    rollout.who = "loop";
    rollout.reason = told.reason;
    TRY(rollouts_.insert(rollout));
    TRY(transaction->commit());
    return Outcome{true, std::move(rollout), std::move(told.reason)};
}

Result<Rollout> Release::promote(
    const std::string& model, std::int64_t number, const std::string& who, Time now
) {
    const auto transaction = TRY(rollouts_.begin());
    if (!TRY(numbered(versions_, model, number))) {
        return not_found(fmt::format("No such version of this model: '{}', {}", model, number));
    }
    auto before = TRY(newest(rollouts_.reader(), model));
    if (before && before->to_version == number) {
        return std::move(*before);
    }
    Rollout rollout = next_move(model, before, now);
    rollout.to_version = number;
    rollout.who = who;
    rollout.reason = fmt::format("{} released version {}.", who, number);
    TRY(rollouts_.insert(rollout));
    TRY(transaction->commit());
    return rollout;
}

Result<Rollout> Release::rollback(
    const std::string& model, const std::string& who, const std::string& reason, Time now
) {
    const auto transaction = TRY(rollouts_.begin());
    const auto moves = TRY(
        rollouts_.reader().select(Where<Rollout>().eq(&Rollout::model, model).order(&Rollout::seq))
    );
    const auto standing = standing_versions(moves);
    if (standing.size() < 2) {
        return make_error(
            Code::Conflict,
            fmt::format("There is no earlier version to go back to; promote one: '{}'", model)
        );
    }
    Rollout rollout = next_move(model, moves.back(), now);
    rollout.to_version = standing[standing.size() - 2];
    rollout.state = RolloutState::RolledBack;
    rollout.who = who;
    rollout.reason = reason;
    TRY(rollouts_.insert(rollout));
    TRY(transaction->commit());
    return rollout;
}

Result<std::optional<ModelVersion>> Release::champion(const std::string& model) const {
    const auto newest_move = TRY(newest(rollouts_.reader(), model));
    if (!newest_move) {
        return std::optional<ModelVersion>();
    }
    auto version = TRY(numbered(versions_, model, newest_move->to_version));
    if (!version) {
        return corrupt(fmt::format(
            "The released version is not in the ledger: '{}', version {}",
            model,
            newest_move->to_version
        ));
    }
    return version;
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
