#pragma once
// SPDX-License-Identifier: Apache-2.0
// The split of a model's traffic between `stable` and `canary`: who asks decides, not the clock, so
// that the same person meets the same version while the Rollout lasts. Pure functions, any thread.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "rooms/serving/infer_request.h"

namespace flywheel::serving {

/// Counted of one model since the process began. Any thread, no lock.
struct ModelCounts {
    std::atomic<std::int64_t> unsticky = 0;        ///< Requests split without key or subject.
    std::atomic<std::int64_t> shadow_dropped = 0;  ///< Rows that no shadow version answered.
};

/// A live canary's part of the traffic.
struct Split {
    std::shared_ptr<const ServedVersion> canary;
    std::string salt;  ///< Id of the Rollout, as text.
    double share = 0;  ///< In (0, 1].
    /// The versions take other tensors: what stands in the body cannot decide which one reads it.
    bool by_head = false;
    std::shared_ptr<ModelCounts> totals;
    Id<Rollout> rollout{};
};

/// What a split may stick to, in this order.
struct SplitKey {
    std::string_view key;         ///< fw_key, else header Fw-Key.
    std::string_view subject;     ///< fw_subject, else header Fw-Subject.
    std::string_view request_id;  ///< Not sticky.
};

/// A batch goes where its first subject goes.
[[nodiscard]] SplitKey key_of(const InferRequest& request);

/// XXH3_64(salt ‖ key) mod 10000.
[[nodiscard]] std::uint32_t bucket_of(std::string_view salt, std::string_view key);

/// bucket < share * 10000: whoever is in a share is in every greater one.
[[nodiscard]] bool in_share(std::string_view salt, std::string_view key, double share);

/// Decides by the head of a request alone, if the split is of that kind: without key and subject
/// there, `stable` answers.
void settle_by_head(Chosen& chosen, const SplitKey& head);

/// Decides, unless that is done: what is chosen has no split left to decide.
void settle(Chosen& chosen, const SplitKey& key);

}  // namespace flywheel::serving
