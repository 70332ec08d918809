#pragma once
// SPDX-License-Identifier: Apache-2.0
// GoldPass: the items of one model whose label was stated as gold, and who was asked about them
// already. Each goes once to each person, as an ordinary task, to see how well he answers. Derived
// from the events; leases are memory only. Used by Labeling under its mutex.

#include <functional>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "records/label_event.h"
#include "records/label_fold.h"
#include "rooms/labeling/task_queue.h"

namespace flywheel::labeling {

class GoldPass {
  public:
    using Borrower = TaskQueue::Borrower;

    /// Events in order of seq, each before refresh() of its item.
    void note(const LabelEvent& event);
    /// Is the item's label gold now, and who has said something of it as such?
    void refresh(const Digest& item, const LabelFold& fold);

    /// Items that the borrower has on loan, renewed; at most `count`.
    std::vector<Digest> renew(const Borrower& borrower, std::size_t count);
    /// Up to `count` more that he was not asked yet, in an order of his own. `may_ask`: false for
    /// items that he answered before they were gold, which he is not asked then either.
    std::vector<Digest> lend(
        const Borrower& borrower,
        std::size_t count,
        const std::function<bool(const Digest&)>& may_ask
    );
    /// To this borrower, when the item is gold and he has said nothing of it that counts.
    void lend_again(const Digest& item, const Borrower& borrower);

    [[nodiscard]] bool is_gold(const Digest& item) const { return gold_.contains(item); }

    [[nodiscard]] std::int64_t held(const std::string& actor) const;

  private:
    struct Said {
        Id<LabelEvent> event;
        std::string actor;
    };

    using Loans = std::map<Digest, Time>;  ///< Until when.

    void drop_expired(Loans& loans, Time now) const;

    std::set<Digest> gold_;
    std::unordered_map<Digest, std::vector<Said>, DigestHash> said_;  ///< Of gold questions.
    std::map<std::string, std::set<Digest>> answered_;  ///< By person: nothing to ask any more.
    std::map<std::string, std::set<Digest>> knows_;     ///< Decided by him, or answered before.
    std::map<std::string, Loans> loans_;
};

}  // namespace flywheel::labeling
