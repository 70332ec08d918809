// SPDX-License-Identifier: Apache-2.0
#include "rooms/serving/label_pointers.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace flywheel::serving {

namespace {

bool is_same(const TensorSpec& a, const TensorSpec& b) {
    return a.name == b.name && a.type == b.type && a.shape == b.shape && a.labels == b.labels;
}

bool is_same(const Signature& a, const Signature& b) {
    const auto same = [](const TensorSpec& one, const TensorSpec& other) {
        return is_same(one, other);
    };
    return a.batches == b.batches &&
           std::equal(a.inputs.begin(), a.inputs.end(), b.inputs.begin(), b.inputs.end(), same) &&
           std::equal(a.outputs.begin(), a.outputs.end(), b.outputs.begin(), b.outputs.end(), same);
}

/// A pointer that stays when the label moves to what is not loaded.
VersionPointer stable_of(const ModelEntry& entry, const RolloutFold& fold, Result<void>& failure) {
    VersionPointer now = entry.stable ? entry.numbered(entry.stable->number) : nullptr;
    const VersionPointer next = entry.numbered(fold.labels().stable);
    const auto& moved = fold.moved();
    const bool released = moved && moved->state == RolloutState::Done && !moved->signature_change;
    if (next && now && next->number != now->number && released) {
        if (auto same = check_signature(*next, *now); !same) {
            keep_first(failure, std::move(same));
            return now;
        }
    }
    return next ? next : now;
}

/// The version that a live Rollout is about, if it is loaded and may stand beside `stable`.
VersionPointer live_of(const ModelEntry& entry, const Rollout& live, Result<void>& failure) {
    VersionPointer version = entry.numbered(live.to_version);
    if (version && entry.stable && !live.signature_change) {
        if (auto same = check_signature(*version, *entry.stable); !same) {
            keep_first(failure, std::move(same));
            return nullptr;
        }
    }
    return version;
}

void point_live(ModelEntry& entry, const RolloutFold& fold, Result<void>& failure) {
    entry.canary.reset();
    entry.shadow.reset();
    entry.split.reset();
    entry.mirror.reset();
    const auto& under_way = fold.live();
    if (!under_way) {
        return;
    }
    const Rollout& live = *under_way;
    auto version = live_of(entry, live, failure);
    if (!version) {
        return;
    }
    const std::string salt = live.rollout.text();
    if (live.state == RolloutState::Canary) {
        const bool by_head = entry.stable && !is_same(version->signature, entry.stable->signature);
        entry.split = std::make_shared<const Split>(
            Split{version, salt, live.share, by_head, entry.totals, live.rollout}
        );
        entry.canary = std::move(version);
        return;
    }
    // A version that takes other tensors cannot read the copies: it is loaded, and no more.
    if (entry.stable && is_same(version->signature, entry.stable->signature)) {
        entry.mirror = std::make_shared<const Mirror>(
            Mirror{version, salt, live.share, entry.totals, live.rollout}
        );
    }
    entry.shadow = std::move(version);
}

}  // namespace

void keep_first(Result<void>& first, Result<void> next) {
    if (first && !next) {
        first = std::move(next);
    }
}

Result<void> check_signature(const ServedVersion& version, const ServedVersion& stable) {
    if (is_same(version.signature, stable.signature)) {
        return {};
    }
    return make_error(
        Code::Conflict,
        fmt::format(
            "Version takes or gives other tensors than the one that is served; say so in the "
            "rollout (signature_change): model '{}' version {}, served {}",
            version.model,
            version.number,
            stable.number
        )
    );
}

Result<void> point(ModelEntry& entry, const RolloutFold& fold) {
    Result<void> failure;
    auto stable = stable_of(entry, fold, failure);
    entry.swaps += stable != entry.stable ? 1 : 0;
    entry.stable = std::move(stable);
    entry.previous = entry.numbered(fold.labels().previous);
    point_live(entry, fold, failure);
    return failure;
}

}  // namespace flywheel::serving
