#pragma once
// SPDX-License-Identifier: Apache-2.0
// GroupBook: what the past says about each near-duplicate group: labelled, asked about, hold-out,
// training data. Built by Selection once a Turn from the events and the earlier tasks. One thread.

#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "base/hash.h"

namespace flywheel::selection {

struct GroupPast {
    std::optional<Digest> labelled;  ///< A member with a live label.
    std::optional<Digest> asked;     ///< A member that some task asked about; the newest.
    /// Some task or answer, also an undone one, belonged to the hold-out.
    bool tested = false;
    /// Some task or answer, also an undone one, did not: it may have trained a model.
    bool trained = false;
};

class GroupBook {
  public:
    /// The group's page; an empty one for a group without past.
    [[nodiscard]] const GroupPast& of(const Digest& group) const {
        static const GroupPast kNone;
        const auto found = past_.find(group);
        return found == past_.end() ? kNone : found->second;
    }

    GroupPast& open(const Digest& group) { return past_[group]; }

    /// The item has a live label; the first one told of a group stands for it.
    void label(const Digest& item, const Digest& group) {
        auto& labelled = past_[group].labelled;
        labelled = labelled.value_or(item);
        labelled_.insert(item);
    }

    [[nodiscard]] bool is_labelled(const Digest& item) const { return labelled_.contains(item); }

    /// An audited group is hold-out for ever iff its hash says so, except that the past binds: once
    /// tested always tested, and what may have trained can no longer test.
    [[nodiscard]] bool is_holdout(const Digest& group, double share) const;

  private:
    std::unordered_map<Digest, GroupPast, DigestHash> past_;
    std::unordered_set<Digest, DigestHash> labelled_;
};

}  // namespace flywheel::selection
