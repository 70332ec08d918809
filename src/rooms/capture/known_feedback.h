#pragma once
// SPDX-License-Identifier: Apache-2.0
// KnownFeedback: what was last said about (target, row, source, kind), so that the same thing said
// twice has no effect. Bounded: a thing said so long ago that it was forgotten is taken again,
// which changes nothing for readers (the last word is the same). One thread at a time.

#include <array>
#include <cstdint>
#include <span>
#include <unordered_map>

#include "records/feedback.h"
#include "rooms/capture/recent_map.h"

namespace flywheel {

class KnownFeedback {
  public:
    explicit KnownFeedback(std::size_t capacity) : slots_(capacity) {}

    /// True when `said` says something new; it is then the last word until keep() or undo(). A
    /// retraction takes back all kinds, so the same label after it is new again.
    bool take(const Feedback& said);
    /// Everything taken since the last keep() or undo() stays.
    void keep();

    /// Everything taken since then is as if it had not been said.
    void undo() { staged_.clear(); }

    /// From storage, in order of arrival: older than all that is known, so it fills only what is
    /// not.
    void fill(std::span<const Feedback> stored);

  private:
    /// Hash of the last value by kind, 0 = none.
    using Slot = std::array<std::uint64_t, 4>;

    RecentMap<Slot> slots_;
    std::unordered_map<std::uint64_t, Slot> staged_;
};

}  // namespace flywheel
