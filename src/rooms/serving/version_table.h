#pragma once
// SPDX-License-Identifier: Apache-2.0
// The table that routes requests: of each model what is loaded and what its labels point to.
// Immutable once published; readers copy one shared pointer. Private to the room, but for
// ModelStatus.

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rooms/serving/shadow_queue.h"
#include "rooms/serving/split.h"
#include "rooms/serving/versions/served_version.h"
#include "rooms/serving/versions/version_policy.h"

namespace flywheel::serving {

using VersionPointer = std::shared_ptr<const ServedVersion>;

/// NotFound in the wording that clients look for.
[[nodiscard]] Error unknown_model(std::string_view model);

/// One model as it stands now; for readiness and /v1/status.
struct ModelStatus {
    std::string model;
    std::int64_t stable = 0;          ///< Version number; 0 = nothing is loaded.
    std::int64_t canary = 0;          ///< Answers a share of the traffic; 0 = none.
    std::int64_t previous = 0;        ///< Loaded for a quick rollback; 0 = none.
    std::int64_t shadow = 0;          ///< Answers copies; 0 = none.
    double share = 0;                 ///< Of the traffic that reaches canary or shadow.
    std::vector<std::int64_t> known;  ///< Version numbers in the ledger, rising.
    std::map<std::int64_t, std::shared_ptr<ServedCounts>> counts;  ///< By version ever loaded.
    std::map<std::int64_t, std::string> reasons;  ///< Why a version could not be loaded.
    VersionPolicy policy;
    bool corrected = false;  ///< Label-shift correction is on.
    std::size_t memory_bytes = 0;
    std::int64_t swaps = 0;
    std::int64_t swap_failures = 0;
    std::int64_t loads = 0;                ///< Versions loaded.
    std::chrono::nanoseconds swap_time{};  ///< Of all loads: reading, warm-up, exchange.
    std::int64_t unsticky = 0;             ///< Requests split without key or subject.
    std::int64_t shadow_dropped = 0;       ///< Rows that no shadow version answered.
    std::string reason;                    ///< Why the last refresh failed; empty when it did not.
    bool unloaded = false;                 ///< By hand: it is not missing.
    std::int64_t loading = 0;              ///< Version that is being loaded now; 0 = none.
    std::vector<std::int64_t> leaving;     ///< No longer routed to, but requests still run on them.
    std::vector<VersionPointer> loaded;    ///< By rising number.
    VersionPointer served;                 ///< Null when nothing is loaded.
    VersionPointer before;                 ///< The previous one, if it is loaded.

    [[nodiscard]] bool ready() const { return served != nullptr; }
};

/// One model: what is loaded and what is known of it. Labels point into `loaded`, or nowhere.
struct ModelEntry {
    VersionPointer stable;
    VersionPointer canary;
    VersionPointer previous;
    VersionPointer shadow;
    std::shared_ptr<const Split> split;
    std::shared_ptr<const Mirror> mirror;
    std::map<std::int64_t, VersionPointer> loaded;
    std::int64_t seq = 0;       ///< Of the newest Rollout event that the labels follow.
    std::int64_t prepared = 0;  ///< Loaded for a label that is about to move; 0 = none.
    std::vector<std::int64_t> known;
    std::map<std::int64_t, std::shared_ptr<ServedCounts>> counts;
    std::map<std::int64_t, std::string> reasons;
    std::shared_ptr<ModelCounts> totals = std::make_shared<ModelCounts>();
    std::int64_t swaps = 0;
    std::int64_t swap_failures = 0;
    std::int64_t loads = 0;
    std::chrono::nanoseconds swap_time{};
    std::string reason;
    bool unloaded = false;
    std::int64_t unloads = 0;  ///< By hand, so far.
    std::int64_t loading = 0;
    std::vector<std::pair<std::int64_t, std::weak_ptr<const ServedVersion>>> leaving;

    /// By label or number; null when it is not loaded.
    [[nodiscard]] VersionPointer find(std::string_view version) const;
    [[nodiscard]] VersionPointer numbered(std::int64_t number) const;
    /// A label, or the number of a version in the ledger.
    [[nodiscard]] bool knows(std::string_view version) const;
    /// Forgets a loaded version; it stays in `leaving` while requests run on it.
    void drop(std::int64_t number);
    [[nodiscard]] ModelStatus status(const std::string& model) const;
};

/// Everything a request looks at; immutable, exchanged as a whole.
using VersionTable = std::map<std::string, ModelEntry, std::less<>>;

}  // namespace flywheel::serving
