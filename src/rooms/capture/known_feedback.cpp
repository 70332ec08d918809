// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/known_feedback.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <string>

#include "base/hash.h"

namespace flywheel {

namespace {

/// Parts with their lengths, so that ("ab", "c") is not ("a", "bc").
std::uint64_t slot_key(const Feedback& said) {
    const std::string text = std::to_string(said.model.size()) + ':' + said.model + said.target +
                             '\0' + std::to_string(said.row) + said.row_id + '/' +
                             std::to_string(static_cast<int>(said.source));
    return xxh3(text);
}

std::uint64_t value_hash(const Feedback& said) {
    const auto bits = std::to_string(std::bit_cast<std::uint64_t>(said.value));
    return xxh3(bits + ' ' + said.label) | 1U;  // never 0
}

std::uint64_t ways_key(const Feedback& said) {
    return xxh3(said.model) + static_cast<std::uint64_t>(said.source);
}

/// Of the ways to name a row, the one that was used; by one way a row has one name. Targets: text,
/// a UUID as servers make them (version 7) with and without row bits, another UUID; rows: not said,
/// by number, by the caller's name. Row bits alone name a row as a base id alone does.
std::size_t way_of(const Feedback& said) {
    const std::size_t row = !said.row_id.empty() ? 2 : (said.row == Feedback::kTheOnlyRow ? 0 : 1);
    const auto uuid = Uuid::parse(said.target);
    if (!uuid) {
        return row;
    }
    if (uuid->bytes[6] >> 4U != 7) {
        return 3 + row;
    }
    return (row != 0 && uuid->row() != 0 ? 6 : 9) + row;
}

constexpr auto kRetract = static_cast<std::size_t>(FeedbackKind::Retract);
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();

std::size_t kind_of(const Feedback& said) {
    return static_cast<std::size_t>(said.kind);
}

}  // namespace

void KnownFeedback::say(Slot& slot, const Feedback& said, std::int64_t order) {
    if (kind_of(said) == kRetract) {
        slot = {};
    }
    slot[kRetract] = {};
    slot[kind_of(said)] = {value_hash(said), order};
}

void KnownFeedback::note_way(const Feedback& said, std::int64_t order) {
    const auto [found, fresh] = ways_.try_emplace(ways_key(said));
    if (fresh) {
        found->second.fill(kNever);
    }
    auto& last = found->second[way_of(said)];
    last = std::max(last, order);
}

bool KnownFeedback::said_otherwise_since(const Feedback& said, std::int64_t order) const {
    const auto found = ways_.find(ways_key(said));
    if (found == ways_.end()) {
        return false;
    }
    const std::size_t mine = way_of(said);
    for (std::size_t way = 0; way < found->second.size(); ++way) {
        if (way != mine && found->second[way] > order) {
            return true;
        }
    }
    return false;
}

bool KnownFeedback::take(const Feedback& said) {
    const std::uint64_t key = slot_key(said);
    const auto staged = staged_.find(key);
    const Slot* known = staged != staged_.end() ? &staged->second : slots_.find(key);
    if (known != nullptr) {
        const Word& last = (*known)[kind_of(said)];
        if (last.value == value_hash(said) && !said_otherwise_since(said, last.order)) {
            return false;
        }
    }
    Slot slot = known != nullptr ? *known : Slot{};
    const std::int64_t order = next_++;
    say(slot, said, order);
    note_way(said, order);
    staged_[key] = slot;
    return true;
}

void KnownFeedback::keep() {
    for (const auto& [key, slot] : staged_) {
        slots_.put(key, slot);
    }
    staged_.clear();
}

void KnownFeedback::fill(std::span<const Feedback> stored) {
    std::unordered_map<std::uint64_t, Slot> last;
    oldest_ -= static_cast<std::int64_t>(stored.size());
    std::int64_t order = oldest_;
    for (const Feedback& said : stored) {
        say(last[slot_key(said)], said, ++order);
        note_way(said, order);
    }
    for (const auto& [key, slot] : last) {
        if (slots_.find(key) == nullptr) {
            slots_.put(key, slot);
        }
    }
}

}  // namespace flywheel
