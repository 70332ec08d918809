#pragma once
// SPDX-License-Identifier: Apache-2.0
// KnownFeedback: what was last said about (target, row, source, kind), so that the same thing said
// twice has no effect. The target is its text: which row that means is known only later, perhaps
// (docs/decisions/0028). So the same thing under the same name is a repeat only while nobody used
// another way of naming rows since: under another name the row may have heard another word.
// Bounded: a thing said so long ago that it was forgotten is taken again, which changes nothing for
// readers (the last word is the same). One thread at a time.

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

    /// Everything taken since then is as if it had not been said; only that other ways of naming
    /// were used is not forgotten, which at worst takes a repeat once more.
    void undo() { staged_.clear(); }

    /// From storage, in order of arrival: older than all that is known, so it fills only what is
    /// not.
    void fill(std::span<const Feedback> stored);

  private:
    /// The last word of one kind: hash of its value, 0 = none, and its place in the order of
    /// arrival.
    struct Word {
        std::uint64_t value = 0;
        std::int64_t order = 0;
    };

    /// By kind.
    using Slot = std::array<Word, 4>;

    /// Orders of the last words by way of naming rows.
    using Ways = std::array<std::int64_t, 12>;

    static void say(Slot& slot, const Feedback& said, std::int64_t order);
    void note_way(const Feedback& said, std::int64_t order);
    [[nodiscard]] bool said_otherwise_since(const Feedback& said, std::int64_t order) const;

    RecentMap<Slot> slots_;
    std::unordered_map<std::uint64_t, Slot> staged_;
    std::unordered_map<std::uint64_t, Ways> ways_;  ///< By hash of model and source.
    std::int64_t next_ = 1;
    std::int64_t oldest_ = 0;  ///< Stored before: 0 and less.
};

}  // namespace flywheel
