#pragma once
// SPDX-License-Identifier: Apache-2.0
// RolloutFold: what the labels of a model point to, as a pure function of its Rollout events. Used
// by release (to write the next event) and by serving (to route); plain values, one thread.

#include <cstdint>
#include <optional>
#include <vector>

#include "records/rollout.h"

namespace flywheel {

/// Version numbers; 0 = the label points nowhere.
struct RolloutLabels {
    std::int64_t stable = 0;
    std::int64_t canary = 0;
    std::int64_t previous = 0;  ///< What a rollback of `stable` would serve.
    std::int64_t shadow = 0;

    bool operator==(const RolloutLabels&) const = default;
};

class RolloutFold {
  public:
    RolloutFold() = default;

    /// By rising seq.
    explicit RolloutFold(const std::vector<Rollout>& events) {
        for (const Rollout& event : events) {
            add(event);
        }
    }

    /// The next event of the model.
    void add(const Rollout& event);

    [[nodiscard]] RolloutLabels labels() const;

    /// Newest event of the Rollout that is live.
    [[nodiscard]] const std::optional<Rollout>& live() const { return live_; }

    /// Newest event of all.
    [[nodiscard]] const std::optional<Rollout>& newest() const { return newest_; }

    /// Newest event that moved `stable`.
    [[nodiscard]] const std::optional<Rollout>& moved() const { return moved_; }

    /// Done Rollouts that were not rolled back, oldest first: the last one is served.
    [[nodiscard]] const std::vector<Rollout>& standing() const { return standing_; }

  private:
    std::vector<Rollout> standing_;
    std::optional<Rollout> live_;
    std::optional<Rollout> newest_;
    std::optional<Rollout> moved_;
};

}  // namespace flywheel
