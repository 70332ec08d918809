#pragma once
// SPDX-License-Identifier: Apache-2.0
// LabelFold: the current label of each item, derived from the event log. A pure fold over
// LabelEvents in order of seq: undo makes its target dead (an undone undo is a redo), a person's
// last live answer counts, the majority of people and imports is the label, ties go to the label
// answered first. Where a row may have several labels, each label is voted on by itself. Model and
// rule answers and answers to gold questions never vote. The newest live decision (adjudicate,
// gold_set) goes before all votes. One thread.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "records/label_event.h"

namespace flywheel {

/// label_ids of a value of kind `choices`, {"choices":[1,4]}, ascending. Corrupt: it is none, or
/// they do not ascend.
Result<std::vector<std::int64_t>> choices_in(std::string_view value);
/// The value: canonical, so equal sets are equal texts.
[[nodiscard]] std::string value_of_choices(std::vector<std::int64_t> label_ids);

/// Values of kind `choices` as small numbers, each different set once.
class ChoiceSets {
  public:
    /// The number of a value. What is no set of labels was refused when it came; here it counts as
    /// the empty one.
    std::int64_t place_of(const std::string& value);

    [[nodiscard]] const std::vector<std::int64_t>& at(std::int64_t place) const {
        return sets_[static_cast<std::size_t>(place)];
    }

    [[nodiscard]] bool empty() const { return sets_.empty(); }

  private:
    std::vector<std::vector<std::int64_t>> sets_;
    std::map<std::string, std::int64_t> places_;
};

struct ItemLabel {
    Digest item;
    std::int64_t label = -1;    ///< label_id decided, else of the majority; -1 for other kinds.
    std::string value;          ///< The same for kinds other than `choice`; else "".
    std::int64_t answers = 0;   ///< Actors whose live answer counts.
    std::int64_t agreeing = 0;  ///< How many of them gave just this.
    bool holdout = false;       ///< Any counted event belongs to the hold-out.
    Time received;              ///< Of the newest counted event.
    std::int64_t seq = 0;       ///< Of the newest counted event.
    bool decided = false;       ///< Stated by a decision.
    bool gold = false;          ///< By one that makes it gold.
};

class LabelFold {
  public:
    /// Events must come in order of seq. An undo whose target is not among the events before it
    /// does nothing.
    void add(const LabelEvent& event);

    /// Current label of an item; nothing when no live answer is left.
    [[nodiscard]] std::optional<ItemLabel> label(const Digest& item) const;
    /// All current labels, sorted by item.
    [[nodiscard]] std::vector<ItemLabel> labels() const;
    /// Whether a live decision about the item stands.
    [[nodiscard]] bool is_decided(const Digest& item) const;
    /// label_id of the newest one; nothing when there is none, or none of kind `choice`.
    [[nodiscard]] std::optional<std::int64_t> decided(const Digest& item) const;
    /// Live skips of a task (by anybody), for "is there still something to ask?".
    [[nodiscard]] bool skipped(const Id<LabelTask>& task) const;
    /// True when the event is known and no live undo targets it.
    [[nodiscard]] bool live(const Id<LabelEvent>& event) const;

    /// seq of the newest event seen.
    [[nodiscard]] std::int64_t watermark() const { return watermark_; }

  private:
    /// What the fold needs of an event; 48 bytes instead of the event's 400.
    struct Entry {
        std::int64_t seq = 0;
        Time received;
        std::int64_t choice = -1;      ///< label_id, or the place of a value in `values_`.
        std::uint32_t voter = 0;       ///< Number of (actor kind, actor); 0 = has no vote.
        std::uint32_t live_undos = 0;  ///< Live events that undo this one; alive when 0.
        std::uint32_t target = kNone;  ///< Place of the undone event, for an undo.
        bool holdout = false;
        bool valued = false;  ///< `choice` is a place.
        bool decides = false;
        bool gold = false;  ///< Decides, as gold.
    };

    using LastAnswers = std::map<std::uint32_t, const Entry*>;  ///< By voter.

    static constexpr std::uint32_t kNone = 0xFFFF'FFFF;

    [[nodiscard]] std::uint32_t voter_of(const LabelEvent& event);
    /// The newest live decision among the item's events; null when there is none.
    [[nodiscard]] const Entry* decision_among(const std::vector<std::uint32_t>& places) const;
    /// The undo at `at` came alive or died: so does, the other way round, what it targets.
    void pass_on(std::uint32_t at, bool alive);
    static void elect_label(const LastAnswers& answers, ItemLabel& result);
    void elect_choices(const LastAnswers& answers, ItemLabel& result) const;
    void take_decision(const Entry& decision, const LastAnswers& answers, ItemLabel& result) const;

    std::vector<Entry> entries_;
    std::unordered_map<Id<LabelEvent>, std::uint32_t> by_id_;
    std::unordered_map<Digest, std::vector<std::uint32_t>, DigestHash> by_item_;
    std::unordered_map<Id<LabelTask>, std::vector<std::uint32_t>> skips_;
    std::map<std::pair<ActorKind, std::string>, std::uint32_t> voters_;
    ChoiceSets values_;
    std::int64_t watermark_ = 0;
};

}  // namespace flywheel
