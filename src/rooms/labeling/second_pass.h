#pragma once
// SPDX-License-Identifier: Apache-2.0
// SecondPass: the items of one model that go to a second person, who sees nothing of the first: a
// fixed share of those that one person answered, drawn by a hash of the task, so each with the same
// known probability. Derived from the events; leases are memory only. What waits here is no open
// task: no turn waits for it. Used by Labeling under its mutex.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "records/label_event.h"
#include "records/label_fold.h"
#include "rooms/labeling/task_queue.h"

namespace flywheel::labeling {

class SecondPass {
  public:
    using Borrower = TaskQueue::Borrower;

    explicit SecondPass(double share) : share_(share) {}

    /// Events in order of seq, each before refresh() of its item.
    void note(const LabelEvent& event);
    /// Does the item wait for a second answer now? Its one live answer by a person was given to a
    /// task that was drawn, nobody skipped it and nothing was decided.
    void refresh(const Digest& item, const LabelFold& fold);

    /// Tasks that the borrower has on loan, renewed; at most `count`.
    std::vector<Id<LabelTask>> renew(const Borrower& borrower, std::size_t count);
    /// Up to `count` more, oldest first, never of an item that the borrower answered himself.
    std::vector<Id<LabelTask>> lend(const Borrower& borrower, std::size_t count);
    /// The item to this borrower, when it waits for somebody and nobody has it.
    void lend_again(const Digest& item, const Borrower& borrower);

    /// True when the item waits and was handed to this person, so that his answer is a blind one.
    [[nodiscard]] bool handed_to(const Digest& item, const std::string& actor) const;
    /// Items that wait for somebody else than `actor` was the first.
    [[nodiscard]] std::int64_t waiting_for(const std::string& actor) const;

    [[nodiscard]] double share() const { return share_; }

  private:
    /// An answer by a person, to an item of which one answer was drawn.
    struct Said {
        Id<LabelEvent> event;
        Id<LabelTask> task;
        std::string actor;
    };

    struct Slot {
        Id<LabelTask> task;
        std::string first;   ///< Who answered.
        std::string lessee;  ///< "" = nobody.
        Time until;
        std::set<std::string> handed;  ///< All who had it on loan.
    };

    using Place = std::pair<Id<LabelTask>, Digest>;

    [[nodiscard]] bool draws(const Id<LabelTask>& task) const;
    /// Who alone said something that lives, and to which task; null when that is not so.
    [[nodiscard]] const Said* first_of(const Digest& item, const LabelFold& fold) const;
    void remove(const Digest& item);
    void take_back(const Digest& item, Slot& slot);
    void take_back_expired(Time now);
    void lease(const Digest& item, Slot& slot, const Borrower& borrower);

    double share_;
    std::unordered_map<Digest, std::vector<Said>, DigestHash> said_;
    std::unordered_map<Digest, Slot, DigestHash> waiting_;
    std::map<std::string, std::int64_t> waiting_of_;  ///< By who answered first.
    std::map<std::string, std::set<Place>> free_;     ///< Likewise; not on loan.
    std::map<std::string, std::set<Place>> leased_;   ///< By lessee.
    std::map<Time, std::set<Digest>> expiring_;
};

}  // namespace flywheel::labeling
