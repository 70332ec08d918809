// SPDX-License-Identifier: Apache-2.0
#include "rooms/labeling/gold_pass.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/hash.h"

namespace flywheel::labeling {

void GoldPass::note(const LabelEvent& event) {
    if (event.action == LabelAction::GoldSet || event.action == LabelAction::Adjudicate) {
        knows_[event.actor].insert(event.item);
    }
    if (event.gold && event.action == LabelAction::Answer) {
        said_[event.item].push_back({event.id, event.actor});
    }
}

void GoldPass::refresh(const Digest& item, const LabelFold& fold) {
    const auto label = fold.is_decided(item) ? fold.label(item) : std::nullopt;
    if (label && label->gold) {
        gold_.insert(item);
    } else {
        gold_.erase(item);
    }
    const auto said = said_.find(item);
    if (said == said_.end()) {
        return;
    }
    for (const Said& one : said->second) {
        answered_[one.actor].erase(item);
    }
    for (const Said& one : said->second) {
        if (fold.live(one.event)) {
            answered_[one.actor].insert(item);
            loans_[one.actor].erase(item);
        }
    }
}

void GoldPass::drop_expired(Loans& loans, Time now) const {
    std::erase_if(loans, [&](const auto& loan) {
        return loan.second <= now || !gold_.contains(loan.first);
    });
}

std::vector<Digest> GoldPass::renew(const Borrower& borrower, std::size_t count) {
    std::vector<Digest> items;
    const auto mine = loans_.find(borrower.actor);
    if (mine == loans_.end()) {
        return items;
    }
    drop_expired(mine->second, borrower.now);
    for (auto& [item, until] : mine->second) {
        if (items.size() < count) {
            until = borrower.until;
            items.push_back(item);
        }
    }
    return items;
}

std::vector<Digest> GoldPass::lend(
    const Borrower& borrower, std::size_t count, const std::function<bool(const Digest&)>& may_ask
) {
    std::vector<Digest> items;
    if (count == 0 || gold_.empty()) {
        return items;
    }
    auto& knows = knows_[borrower.actor];
    const auto& answered = answered_[borrower.actor];
    auto& loans = loans_[borrower.actor];
    std::vector<std::pair<std::uint64_t, Digest>> order;
    for (const Digest& item : gold_) {
        if (!knows.contains(item) && !answered.contains(item) && !loans.contains(item)) {
            order.emplace_back(xxh3(fmt::format("gold\n{}\n{}", item.hex(), borrower.actor)), item);
        }
    }
    std::ranges::sort(order);
    for (const auto& [place, item] : order) {
        if (items.size() == count) {
            break;
        }
        if (may_ask(item)) {
            loans[item] = borrower.until;
            items.push_back(item);
        } else {
            knows.insert(item);
        }
    }
    return items;
}

void GoldPass::lend_again(const Digest& item, const Borrower& borrower) {
    if (gold_.contains(item) && !answered_[borrower.actor].contains(item) &&
        !knows_[borrower.actor].contains(item)) {
        loans_[borrower.actor][item] = borrower.until;
    }
}

std::int64_t GoldPass::held(const std::string& actor) const {
    const auto mine = loans_.find(actor);
    return mine == loans_.end() ? 0 : static_cast<std::int64_t>(mine->second.size());
}

}  // namespace flywheel::labeling
