// SPDX-License-Identifier: Apache-2.0
#include "records/label_fold.h"

#include <algorithm>
#include <utility>

#include "base/json_value.h"

namespace flywheel {

Result<std::vector<std::int64_t>> choices_in(std::string_view value) {
    const Json json = TRY(parse_json(value));
    const auto listed = json.is_object() ? json.find("choices") : json.end();
    if (listed == json.end() || !listed->is_array()) {
        return corrupt("A value of kind choices has no list of them");
    }
    std::vector<std::int64_t> label_ids;
    for (const Json& one : *listed) {
        if (!one.is_number_integer() ||
            (!label_ids.empty() && one.get<std::int64_t>() <= label_ids.back())) {
            return corrupt("Choices are label_ids that ascend");
        }
        label_ids.push_back(one.get<std::int64_t>());
    }
    return label_ids;
}

std::string value_of_choices(std::vector<std::int64_t> label_ids) {
    std::ranges::sort(label_ids);
    label_ids.erase(std::ranges::unique(label_ids).begin(), label_ids.end());
    return canonical(Json{{"choices", label_ids}});
}

std::uint32_t LabelFold::voter_of(const LabelEvent& event) {
    const bool votes =
        event.actor_kind == ActorKind::Human || event.actor_kind == ActorKind::Import;
    if (!votes || (!event.choice && event.value.empty()) || event.gold) {
        return 0;
    }
    const auto next = static_cast<std::uint32_t>(voters_.size() + 1);
    return voters_.try_emplace({event.actor_kind, event.actor}, next).first->second;
}

std::int64_t ChoiceSets::place_of(const std::string& value) {
    const auto [found, added] = places_.try_emplace(value, std::ssize(sets_));
    if (added) {
        auto label_ids = choices_in(value);
        sets_.push_back(label_ids ? std::move(*label_ids) : std::vector<std::int64_t>());
    }
    return found->second;
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
    entry.valued = !event.value.empty();
    entry.choice = entry.valued ? values_.place_of(event.value) : event.choice.value_or(-1);
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
        entry.decides = event.choice.has_value() || entry.valued;
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

void LabelFold::elect_label(const LastAnswers& answers, ItemLabel& result) {
    struct Votes {
        std::int64_t count = 0;
        std::int64_t first_seq = 0;
    };

    std::map<std::int64_t, Votes> votes;
    for (const auto& [voter, answer] : answers) {
        auto& vote = votes[answer->choice];
        vote.first_seq = vote.count == 0 ? answer->seq : std::min(vote.first_seq, answer->seq);
        ++vote.count;
    }
    const auto weaker = [](const auto& a, const auto& b) {
        return a.second.count != b.second.count ? a.second.count < b.second.count
                                                : a.second.first_seq > b.second.first_seq;
    };
    const auto best = std::max_element(votes.begin(), votes.end(), weaker);
    result.label = best->first;
    result.agreeing = best->second.count;
}

void LabelFold::elect_choices(const LastAnswers& answers, ItemLabel& result) const {
    const Entry* first = answers.begin()->second;
    std::map<std::int64_t, std::int64_t> votes;
    for (const auto& [voter, answer] : answers) {
        first = answer->seq < first->seq ? answer : first;
        for (const auto label_id : values_.at(answer->choice)) {
            ++votes[label_id];
        }
    }
    const auto& earliest = values_.at(first->choice);
    std::vector<std::int64_t> elected;
    for (const auto& [label_id, count] : votes) {
        const auto against = std::ssize(answers) - count;
        if (count > against ||
            (count == against && std::ranges::binary_search(earliest, label_id))) {
            elected.push_back(label_id);
        }
    }
    result.agreeing = std::ranges::count_if(answers, [&](const auto& one) {
        return values_.at(one.second->choice) == elected;
    });
    result.value = value_of_choices(std::move(elected));
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
    return decision == nullptr || decision->valued ? std::nullopt : std::optional(decision->choice);
}

bool LabelFold::is_decided(const Digest& item) const {
    const auto found = by_item_.find(item);
    return found != by_item_.end() && decision_among(found->second) != nullptr;
}

void LabelFold::take_decision(const Entry& decision, const LastAnswers& answers, ItemLabel& result)
    const {
    if (decision.valued) {
        result.value = value_of_choices(values_.at(decision.choice));
    } else {
        result.label = decision.choice;
    }
    result.agreeing = std::ranges::count_if(answers, [&](const auto& one) {
        return one.second->choice == decision.choice;
    });
    result.holdout = result.holdout || decision.holdout;
    result.received = std::max(result.received, decision.received);
    result.seq = std::max(result.seq, decision.seq);
    result.decided = true;
    result.gold = decision.gold;
}

std::optional<ItemLabel> LabelFold::label(const Digest& item) const {
    const auto found = by_item_.find(item);
    if (found == by_item_.end()) {
        return std::nullopt;
    }
    LastAnswers last_answer;
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
    ItemLabel result;
    result.item = item;
    for (const auto& [voter, answer] : last_answer) {
        ++result.answers;
        result.holdout = result.holdout || answer->holdout;
        result.received = std::max(result.received, answer->received);
        result.seq = std::max(result.seq, answer->seq);
    }
    // A schema never changes its kind, so one answer tells of all.
    if (decision != nullptr) {
        take_decision(*decision, last_answer, result);
    } else if (last_answer.begin()->second->valued) {
        elect_choices(last_answer, result);
    } else {
        elect_label(last_answer, result);
    }
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
