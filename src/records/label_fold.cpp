// SPDX-License-Identifier: Apache-2.0
#include "records/label_fold.h"

#include <algorithm>

namespace flywheel {

std::uint32_t LabelFold::voter_of(const LabelEvent& event) {
    const bool votes =
        event.actor_kind == ActorKind::Human || event.actor_kind == ActorKind::Import;
    if (!votes || !event.choice || event.gold) {
        return 0;
    }
    const auto next = static_cast<std::uint32_t>(voters_.size() + 1);
    return voters_.try_emplace({event.actor_kind, event.actor}, next).first->second;
}

void LabelFold::pass_on(std::uint32_t at, bool alive) {
    // A target stands before its undo, so this walk ends.
    for (std::uint32_t target = entries_[at].target; target != kNone;
         target = entries_[target].target) {
        auto& undone = entries_[target].live_undos;
        const bool was_alive = undone == 0;
        undone = alive ? undone + 1 : undone - 1;
        const bool is_alive = undone == 0;
        if (was_alive == is_alive) {
            return;
        }
        alive = is_alive;
    }
}

void LabelFold::add(const LabelEvent& event) {
    watermark_ = event.seq;
    const auto at = static_cast<std::uint32_t>(entries_.size());
    Entry entry;
    entry.seq = event.seq;
    entry.received = event.received;
    entry.choice = event.choice.value_or(-1);
    entry.holdout = event.holdout;
    if (event.action == LabelAction::Undo && event.target) {
        const auto found = by_id_.find(*event.target);
        entry.target = found == by_id_.end() ? kNone : found->second;
    }
    if (event.action == LabelAction::Answer) {
        entry.voter = voter_of(event);
        by_item_[event.item].push_back(at);
    }
    if (event.action == LabelAction::Adjudicate || event.action == LabelAction::GoldSet) {
        entry.decides = event.choice.has_value();
        entry.gold = event.action == LabelAction::GoldSet;
        by_item_[event.item].push_back(at);
    }
    if (event.action == LabelAction::Skip && event.task) {
        skips_[*event.task].push_back(at);
    }
    entries_.push_back(entry);
    by_id_.emplace(event.id, at);
    if (entry.target != kNone) {
        pass_on(at, true);
    }
}

const LabelFold::Entry* LabelFold::decision_among(const std::vector<std::uint32_t>& places) const {
    const auto newest = std::find_if(places.rbegin(), places.rend(), [&](std::uint32_t at) {
        return entries_[at].decides && entries_[at].live_undos == 0;
    });
    return newest == places.rend() ? nullptr : &entries_[*newest];
}

std::optional<std::int64_t> LabelFold::decided(const Digest& item) const {
    const auto found = by_item_.find(item);
    const Entry* decision = found == by_item_.end() ? nullptr : decision_among(found->second);
    return decision == nullptr ? std::nullopt : std::optional(decision->choice);
}

std::optional<ItemLabel> LabelFold::label(const Digest& item) const {
    const auto found = by_item_.find(item);
    if (found == by_item_.end()) {
        return std::nullopt;
    }
    std::map<std::uint32_t, const Entry*> last_answer;
    for (const std::uint32_t at : found->second) {
        const auto& entry = entries_[at];
        if (entry.voter != 0 && entry.live_undos == 0) {
            last_answer[entry.voter] = &entry;
        }
    }
    const Entry* decision = decision_among(found->second);
    if (last_answer.empty() && decision == nullptr) {
        return std::nullopt;
    }

    struct Votes {
        std::int64_t count = 0;
        std::int64_t first_seq = 0;
    };

    std::map<std::int64_t, Votes> votes;
    ItemLabel result;
    result.item = item;
    for (const auto& [voter, answer] : last_answer) {
        auto& vote = votes[answer->choice];
        vote.first_seq = vote.count == 0 ? answer->seq : std::min(vote.first_seq, answer->seq);
        ++vote.count;
        ++result.answers;
        result.holdout = result.holdout || answer->holdout;
        result.received = std::max(result.received, answer->received);
        result.seq = std::max(result.seq, answer->seq);
    }
    if (decision != nullptr) {
        result.label = decision->choice;
        result.agreeing = votes[decision->choice].count;
        result.holdout = result.holdout || decision->holdout;
        result.received = std::max(result.received, decision->received);
        result.seq = std::max(result.seq, decision->seq);
        result.decided = true;
        result.gold = decision->gold;
        return result;
    }
    const auto weaker = [](const auto& a, const auto& b) {
        return a.second.count != b.second.count ? a.second.count < b.second.count
                                                : a.second.first_seq > b.second.first_seq;
    };
    const auto best = std::max_element(votes.begin(), votes.end(), weaker);
    result.label = best->first;
    result.agreeing = best->second.count;
    return result;
}

std::vector<ItemLabel> LabelFold::labels() const {
    std::vector<ItemLabel> all;
    all.reserve(by_item_.size());
    for (const auto& [item, places] : by_item_) {
        if (auto current = label(item)) {
            all.push_back(*current);
        }
    }
    std::sort(all.begin(), all.end(), [](const ItemLabel& a, const ItemLabel& b) {
        return a.item < b.item;
    });
    return all;
}

bool LabelFold::skipped(const Id<LabelTask>& task) const {
    const auto found = skips_.find(task);
    return found != skips_.end() &&
           std::any_of(found->second.begin(), found->second.end(), [&](std::uint32_t at) {
               return entries_[at].live_undos == 0;
           });
}

bool LabelFold::live(const Id<LabelEvent>& event) const {
    const auto found = by_id_.find(event);
    return found != by_id_.end() && entries_[found->second].live_undos == 0;
}

}  // namespace flywheel
