// SPDX-License-Identifier: Apache-2.0
#include "rooms/labeling/task_queue.h"

#include <algorithm>
#include <tuple>

#include "base/result.h"

namespace flywheel::labeling {

bool TaskQueue::InOrder::operator()(const Slot* a, const Slot* b) const {
    return std::tie(a->task.turn, a->task.rank, a->task.id) <
           std::tie(b->task.turn, b->task.rank, b->task.id);
}

void TaskQueue::add(LabelTask task, TaskStatus status) {
    const auto id = task.id;
    const auto [place, is_new] = slots_.try_emplace(id);
    CHECK(is_new);
    auto& slot = place->second;
    slot.task = std::move(task);
    slot.status = status;
    by_item_[slot.task.item].push_back(&slot);
    newest_turn_ = std::max(newest_turn_, slot.task.turn);
    if (status == TaskStatus::Open) {
        free_.insert(&slot);
        ++open_;
    }
}

void TaskQueue::take_back(Slot& slot) {
    if (slot.lessee.empty()) {
        return;
    }
    const auto mine = leased_.find(slot.lessee);
    mine->second.erase(&slot);
    if (mine->second.empty()) {
        leased_.erase(mine);
    }
    const auto due = expiring_.find(slot.until);
    due->second.erase(&slot);
    if (due->second.empty()) {
        expiring_.erase(due);
    }
    slot.lessee.clear();
}

void TaskQueue::set_status(const Digest& item, TaskStatus status) {
    const auto found = by_item_.find(item);
    if (found == by_item_.end()) {
        return;
    }
    for (Slot* slot : found->second) {
        if (slot->status == status) {
            continue;
        }
        const bool was_open = slot->status == TaskStatus::Open;
        slot->status = status;
        if (was_open) {
            take_back(*slot);
            free_.erase(slot);
            --open_;
        } else if (status == TaskStatus::Open) {
            free_.insert(slot);
            ++open_;
        }
    }
}

void TaskQueue::take_back_expired(Time now) {
    while (!expiring_.empty() && expiring_.begin()->first <= now) {
        Slot* slot = *expiring_.begin()->second.begin();
        take_back(*slot);
        free_.insert(slot);
    }
}

void TaskQueue::lease(Slot& slot, const Borrower& borrower) {
    take_back(slot);
    free_.erase(&slot);
    slot.lessee = borrower.actor;
    slot.until = borrower.until;
    leased_[borrower.actor].insert(&slot);
    expiring_[borrower.until].insert(&slot);
}

bool TaskQueue::item_is_out(const Slot& slot) const {
    const auto& same = by_item_.at(slot.task.item);
    return std::any_of(same.begin(), same.end(), [](const Slot* other) {
        return !other->lessee.empty();
    });
}

std::vector<const LabelTask*> TaskQueue::lend(const Borrower& borrower, std::size_t count) {
    take_back_expired(borrower.now);
    std::vector<Slot*> lent;
    if (const auto mine = leased_.find(borrower.actor); mine != leased_.end()) {
        for (Slot* slot : mine->second) {
            if (lent.size() < count) {
                lent.push_back(slot);
            }
        }
    }
    for (Slot* slot : lent) {
        lease(*slot, borrower);
    }
    for (auto next = free_.begin(); next != free_.end() && lent.size() < count;) {
        Slot* slot = *next++;
        if (!item_is_out(*slot)) {
            lease(*slot, borrower);
            lent.push_back(slot);
        }
    }
    std::vector<const LabelTask*> tasks;
    tasks.reserve(lent.size());
    for (const Slot* slot : lent) {
        tasks.push_back(&slot->task);
    }
    return tasks;
}

void TaskQueue::lend_again(const Id<LabelTask>& task, const Borrower& borrower) {
    take_back_expired(borrower.now);
    const auto found = slots_.find(task);
    if (found != slots_.end() && found->second.status == TaskStatus::Open &&
        !item_is_out(found->second)) {
        lease(found->second, borrower);
    }
}

const LabelTask* TaskQueue::find(const Id<LabelTask>& task) const {
    const auto found = slots_.find(task);
    return found == slots_.end() ? nullptr : &found->second.task;
}

std::size_t TaskQueue::held(const std::string& actor) const {
    const auto mine = leased_.find(actor);
    return mine == leased_.end() ? 0 : mine->second.size();
}

std::vector<Id<LabelTask>> TaskQueue::tasks_of(const Digest& item) const {
    std::vector<Id<LabelTask>> tasks;
    if (const auto found = by_item_.find(item); found != by_item_.end()) {
        for (const Slot* slot : found->second) {
            tasks.push_back(slot->task.id);
        }
    }
    return tasks;
}

void TaskQueue::each(const std::function<void(const LabelTask&, TaskStatus)>& visit) const {
    for (const auto& [id, slot] : slots_) {
        visit(slot.task, slot.status);
    }
}

}  // namespace flywheel::labeling
