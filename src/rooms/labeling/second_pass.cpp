// SPDX-License-Identifier: Apache-2.0
#include "rooms/labeling/second_pass.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/rng.h"

namespace flywheel::labeling {

bool SecondPass::draws(const Id<LabelTask>& task) const {
    return unit_interval(xxh3(fmt::format("second\n{}", task.text()))) < share_;
}

void SecondPass::note(const LabelEvent& event) {
    if (event.action != LabelAction::Answer || event.actor_kind != ActorKind::Human || event.gold ||
        !event.task) {
        return;
    }
    const auto known = said_.find(event.item);
    if (known != said_.end()) {
        known->second.push_back({event.id, *event.task, event.actor});
    } else if (draws(*event.task)) {
        said_[event.item].push_back({event.id, *event.task, event.actor});
    }
}

const SecondPass::Said* SecondPass::first_of(const Digest& item, const LabelFold& fold) const {
    const auto said = said_.find(item);
    if (said == said_.end()) {
        return nullptr;
    }
    const auto label = fold.label(item);
    if (!label || label->decided || label->answers != 1) {
        return nullptr;
    }
    const auto first =
        std::ranges::find_if(said->second, [&](const Said& one) { return fold.live(one.event); });
    return first != said->second.end() && draws(first->task) && !fold.skipped(first->task)
               ? &*first
               : nullptr;
}

void SecondPass::refresh(const Digest& item, const LabelFold& fold) {
    if (!said_.contains(item)) {
        return;
    }
    const Said* first = first_of(item, fold);
    const auto known = waiting_.find(item);
    if (first != nullptr && known != waiting_.end() && known->second.first == first->actor &&
        known->second.task == first->task) {
        return;
    }
    if (known != waiting_.end()) {
        remove(item);
    }
    if (first != nullptr) {
        waiting_[item] = {first->task, first->actor, "", Time(), {}};
        free_[first->actor].insert({first->task, item});
        ++waiting_of_[first->actor];
    }
}

void SecondPass::remove(const Digest& item) {
    const auto found = waiting_.find(item);
    Slot& slot = found->second;
    take_back(item, slot);
    const auto free = free_.find(slot.first);
    free->second.erase({slot.task, item});
    if (free->second.empty()) {
        free_.erase(free);
    }
    if (--waiting_of_[slot.first] == 0) {
        waiting_of_.erase(slot.first);
    }
    waiting_.erase(found);
}

void SecondPass::take_back(const Digest& item, Slot& slot) {
    if (slot.lessee.empty()) {
        return;
    }
    const auto mine = leased_.find(slot.lessee);
    mine->second.erase({slot.task, item});
    if (mine->second.empty()) {
        leased_.erase(mine);
    }
    const auto due = expiring_.find(slot.until);
    due->second.erase(item);
    if (due->second.empty()) {
        expiring_.erase(due);
    }
    slot.lessee.clear();
    free_[slot.first].insert({slot.task, item});
}

void SecondPass::take_back_expired(Time now) {
    while (!expiring_.empty() && expiring_.begin()->first <= now) {
        const Digest item = *expiring_.begin()->second.begin();
        take_back(item, waiting_.at(item));
    }
}

void SecondPass::lease(const Digest& item, Slot& slot, const Borrower& borrower) {
    take_back(item, slot);
    const auto free = free_.find(slot.first);
    free->second.erase({slot.task, item});
    if (free->second.empty()) {
        free_.erase(free);
    }
    slot.lessee = borrower.actor;
    slot.until = borrower.until;
    slot.handed.insert(borrower.actor);
    leased_[borrower.actor].insert({slot.task, item});
    expiring_[borrower.until].insert(item);
}

std::vector<Id<LabelTask>> SecondPass::renew(const Borrower& borrower, std::size_t count) {
    take_back_expired(borrower.now);
    std::vector<Place> held;
    if (const auto mine = leased_.find(borrower.actor); mine != leased_.end()) {
        for (const Place& place : mine->second) {
            if (held.size() < count) {
                held.push_back(place);
            }
        }
    }
    std::vector<Id<LabelTask>> tasks;
    for (const auto& [task, item] : held) {
        lease(item, waiting_.at(item), borrower);
        tasks.push_back(task);
    }
    return tasks;
}

std::vector<Id<LabelTask>> SecondPass::lend(const Borrower& borrower, std::size_t count) {
    take_back_expired(borrower.now);
    std::vector<Id<LabelTask>> tasks;
    while (tasks.size() < count) {
        const Place* oldest = nullptr;
        for (const auto& [first, places] : free_) {
            if (first != borrower.actor && (oldest == nullptr || *places.begin() < *oldest)) {
                oldest = &*places.begin();
            }
        }
        if (oldest == nullptr) {
            break;
        }
        const auto [task, item] = *oldest;
        lease(item, waiting_.at(item), borrower);
        tasks.push_back(task);
    }
    return tasks;
}

void SecondPass::lend_again(const Digest& item, const Borrower& borrower) {
    take_back_expired(borrower.now);
    const auto found = waiting_.find(item);
    if (found != waiting_.end() && found->second.first != borrower.actor &&
        found->second.lessee.empty()) {
        lease(item, found->second, borrower);
    }
}

bool SecondPass::handed_to(const Digest& item, const std::string& actor) const {
    const auto found = waiting_.find(item);
    return found != waiting_.end() && found->second.handed.contains(actor);
}

std::int64_t SecondPass::waiting_for(const std::string& actor) const {
    const auto own = waiting_of_.find(actor);
    return static_cast<std::int64_t>(waiting_.size()) -
           (own == waiting_of_.end() ? 0 : own->second);
}

}  // namespace flywheel::labeling
