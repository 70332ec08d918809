// SPDX-License-Identifier: Apache-2.0
// What a person does with Rollouts: promote, shadow, canary, share, finish, cancel, roll back.
#include <utility>

#include <fmt/format.h>

#include "rooms/release/next_event.h"
#include "rooms/release/release.h"

namespace flywheel::release {

namespace {

Error nothing_live(const std::string& model) {
    return make_error(
        Code::Conflict,
        fmt::format(
            "No rollout is under way; start one with `flywheel model promote --canary` or "
            "`--shadow`: '{}'",
            model
        )
    );
}

std::string reason_of(const Wish& wish, std::string otherwise) {
    return wish.reason.empty() ? std::move(otherwise) : wish.reason;
}

Result<void> check_share(double share) {
    return share > 0 && share <= 1
               ? Result<void>()
               : Result<void>(invalid_argument(fmt::format(
                     "A share is more than 0 and at most 1, for example 0.05: {}", share
                 )));
}

}  // namespace

Result<Rollout> Release::promote(const Wish& wish) {
    const auto transaction = TRY(rollouts_.begin());
    TRY(version(wish.model, wish.version));
    auto fold = TRY(standing(wish.model));
    if (fold.live() && fold.live()->to_version == wish.version) {
        auto done = TRY(finish(wish));
        TRY(transaction->commit());
        return done;
    }
    const std::string reason =
        reason_of(wish, fmt::format("{} released version {}.", wish.who, wish.version));
    if (fold.live()) {
        Wish ending = wish;
        ending.reason = reason;
        TRY(append(fold, taken_back(*fold.live(), fold, ending)));
    }
    if (fold.labels().stable == wish.version) {
        TRY(transaction->commit());
        return *fold.moved();
    }
    Rollout event = next_event(wish.model, fold, wish.now);
    event.to_version = wish.version;
    event.signature_change = wish.signature_change;
    event.who = wish.who;
    event.reason = reason;
    TRY(append(fold, event));
    TRY(transaction->commit());
    return event;
}

Result<Rollout> Release::start_shadow(const Wish& wish) {
    return go_live(wish, RolloutState::Shadow);
}

Result<Rollout> Release::start_canary(const Wish& wish) {
    return go_live(wish, RolloutState::Canary);
}

Result<Rollout> Release::go_live(const Wish& wish, RolloutState state) {
    TRY(check_share(wish.share));
    const auto transaction = TRY(rollouts_.begin());
    TRY(version(wish.model, wish.version));
    auto fold = TRY(standing(wish.model));
    const auto conflict = [&](std::string sentence) {
        return make_error(Code::Conflict, fmt::format("{}: '{}'", sentence, wish.model));
    };
    if (fold.labels().stable == 0) {
        return conflict("Nothing is served yet that this could be compared with; promote a version"
        );
    }
    if (fold.labels().stable == wish.version) {
        return conflict(fmt::format("Version {} is served already", wish.version));
    }
    const auto& live = fold.live();
    if (live && live->to_version != wish.version) {
        return conflict(fmt::format(
            "A {} of version {} is under way; finish or cancel it first",
            noun_of(live->state),
            live->to_version
        ));
    }
    if (live && live->state == RolloutState::Canary && state == RolloutState::Shadow) {
        return conflict("A canary does not become a shadow again; cancel it first");
    }
    if (live && live->state == state && live->share == wish.share) {
        return *live;
    }
    Rollout event = live ? event_after(*live, fold, wish) : next_event(wish.model, fold, wish.now);
    event.to_version = wish.version;
    event.state = state;
    event.share = wish.share;
    event.signature_change = wish.signature_change || event.signature_change;
    event.who = wish.who;
    event.reason = reason_of(
        wish,
        fmt::format(
            "{} started a {} of version {} with {:g} % of the traffic.",
            wish.who,
            noun_of(state),
            wish.version,
            100 * wish.share
        )
    );
    TRY(append(fold, event));
    TRY(transaction->commit());
    return event;
}

Result<Rollout> Release::set_share(const Wish& wish) {
    TRY(check_share(wish.share));
    const auto transaction = TRY(rollouts_.begin());
    auto fold = TRY(standing(wish.model));
    if (!fold.live()) {
        return nothing_live(wish.model);
    }
    if (fold.live()->share == wish.share) {
        return *fold.live();
    }
    Rollout event = event_after(*fold.live(), fold, wish);
    event.state = fold.live()->state;
    event.share = wish.share;
    event.reason =
        reason_of(wish, fmt::format("{} set the share to {:g} %.", wish.who, 100 * wish.share));
    TRY(append(fold, event));
    TRY(transaction->commit());
    return event;
}

Result<Rollout> Release::finish(const Wish& wish) {
    const auto transaction = TRY(rollouts_.begin());
    auto fold = TRY(standing(wish.model));
    if (!fold.live()) {
        return nothing_live(wish.model);
    }
    Rollout event = event_after(*fold.live(), fold, wish);
    event.state = RolloutState::Done;
    event.share = 1;
    event.reason =
        reason_of(wish, fmt::format("{} released version {}.", wish.who, event.to_version));
    TRY(append(fold, event));
    TRY(transaction->commit());
    return event;
}

Result<Rollout> Release::cancel(const Wish& wish) {
    const auto transaction = TRY(rollouts_.begin());
    auto fold = TRY(standing(wish.model));
    if (!fold.live()) {
        return nothing_live(wish.model);
    }
    Rollout event = taken_back(*fold.live(), fold, wish);
    event.reason = reason_of(wish, fmt::format("{} cancelled it.", wish.who));
    TRY(append(fold, event));
    TRY(transaction->commit());
    return event;
}

Result<Rollout> Release::rollback(
    const std::string& model, const std::string& who, const std::string& reason, Time now
) {
    const auto transaction = TRY(rollouts_.begin());
    auto fold = TRY(standing(model));
    const Wish wish{.model = model, .who = who, .reason = reason, .now = now};
    const bool canary = fold.live() && fold.live()->state == RolloutState::Canary;
    if (!canary && fold.labels().previous == 0) {
        return make_error(
            Code::Conflict,
            fmt::format("There is no earlier version to go back to; promote one: '{}'", model)
        );
    }
    if (fold.live() && !canary) {
        TRY(append(fold, taken_back(*fold.live(), fold, wish)));
    }
    Rollout event = taken_back(canary ? *fold.live() : fold.standing().back(), fold, wish);
    event.to_version = canary ? fold.labels().stable : fold.labels().previous;
    event.state = RolloutState::RolledBack;
    TRY(append(fold, event));
    TRY(transaction->commit());
    return event;
}

}  // namespace flywheel::release
