#pragma once
// SPDX-License-Identifier: Apache-2.0
// TaskQueue: the LabelTasks of one model in the order in which they are asked, with leases. All
// steps are O(log n): the next task is the front of an ordered set, never a sort. In memory, used
// by Labeling under its mutex.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "records/label_task.h"

namespace flywheel::labeling {

enum class TaskStatus { Open, Answered, Skipped };

class TaskQueue {
  public:
    struct Borrower {
        std::string actor;
        Time now;
        Time until;
    };

    /// Adds a task that is not known yet.
    void add(LabelTask task, TaskStatus status);
    /// Sets the status of every task of the item; what is no longer open loses its lease.
    void set_status(const Digest& item, TaskStatus status);
    /// Up to `count` open tasks, by (turn, rank): the borrower's own leased ones, renewed, then
    /// free ones. Of tasks that ask about one item, only one is out at a time.
    std::vector<const LabelTask*> lend(const Borrower& borrower, std::size_t count);

    /// The task to this borrower alone, when it is open and nobody has it or another one about its
    /// item; else nothing happens.
    void lend_again(const Id<LabelTask>& task, const Borrower& borrower);

    /// Null when it is not known. Good until the queue changes.
    [[nodiscard]] const LabelTask* find(const Id<LabelTask>& task) const;
    /// How many tasks the person has on loan.
    [[nodiscard]] std::size_t held(const std::string& actor) const;

    [[nodiscard]] bool knows(const Id<LabelTask>& task) const { return slots_.contains(task); }

    /// Tasks that ask about the item.
    [[nodiscard]] std::vector<Id<LabelTask>> tasks_of(const Digest& item) const;
    void each(const std::function<void(const LabelTask&, TaskStatus)>& visit) const;

    [[nodiscard]] std::int64_t open() const { return open_; }

    [[nodiscard]] std::size_t size() const { return slots_.size(); }

    /// Of all tasks; zero when there is none.
    [[nodiscard]] Id<Turn> newest_turn() const { return newest_turn_; }

  private:
    struct Slot {
        LabelTask task;
        TaskStatus status = TaskStatus::Open;
        std::string lessee;  ///< "" = nobody.
        Time until;
    };

    struct InOrder {
        bool operator()(const Slot* a, const Slot* b) const;
    };

    using Slots = std::set<Slot*, InOrder>;

    void take_back(Slot& slot);
    void take_back_expired(Time now);
    void lease(Slot& slot, const Borrower& borrower);
    [[nodiscard]] bool item_is_out(const Slot& slot) const;

    std::unordered_map<Id<LabelTask>, Slot> slots_;
    std::unordered_map<Digest, std::vector<Slot*>, DigestHash> by_item_;
    Slots free_;  ///< Open and not leased.
    std::map<std::string, Slots> leased_;
    std::map<Time, Slots> expiring_;
    std::int64_t open_ = 0;
    Id<Turn> newest_turn_;
};

}  // namespace flywheel::labeling
