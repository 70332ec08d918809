// SPDX-License-Identifier: Apache-2.0
#include "rooms/serving/split.h"

#include "base/hash.h"
#include "base/rng.h"
#include "rooms/serving/id_rng.h"

namespace flywheel::serving {

namespace {

constexpr std::uint32_t kBuckets = 10'000;

bool below(std::uint32_t bucket, double share) {
    return static_cast<double>(bucket) < share * kBuckets;
}

bool goes_to_canary(const Split& split, const SplitKey& key) {
    for (const std::string_view sticky : {key.key, key.subject}) {
        if (!sticky.empty()) {
            return in_share(split.salt, sticky, split.share);
        }
    }
    split.totals->unsticky.fetch_add(1, std::memory_order_relaxed);
    if (!key.request_id.empty()) {
        return in_share(split.salt, key.request_id, split.share);
    }
    // The id that will be made is as random as this draw.
    return below(static_cast<std::uint32_t>(id_rng().below(kBuckets)), split.share);
}

}  // namespace

SplitKey key_of(const InferRequest& request) {
    return {
        request.key,
        request.subjects.empty() ? request.subject : request.subjects.front(),
        request.request_id
    };
}

std::uint32_t bucket_of(std::string_view salt, std::string_view key) {
    thread_local std::string text;
    text.assign(salt);
    text += key;
    return static_cast<std::uint32_t>(xxh3(text) % kBuckets);
}

bool in_share(std::string_view salt, std::string_view key, double share) {
    return below(bucket_of(salt, key), share);
}

void settle_by_head(Chosen& chosen, const SplitKey& head) {
    if (!chosen.split || !chosen.split->by_head) {
        return;
    }
    if (head.key.empty() && head.subject.empty()) {
        chosen.split->totals->unsticky.fetch_add(1, std::memory_order_relaxed);
        chosen.split.reset();
        return;
    }
    settle(chosen, head);
}

void settle(Chosen& chosen, const SplitKey& key) {
    if (!chosen.split) {
        return;
    }
    const auto split = std::move(chosen.split);
    chosen.split.reset();
    chosen.rollout = split->rollout;
    if (goes_to_canary(*split, key)) {
        chosen.version = split->canary;
        chosen.route = Route::Canary;
    }
}

}  // namespace flywheel::serving
