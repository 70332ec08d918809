// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/known_feedback.h"

#include <bit>
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

std::size_t kind_of(const Feedback& said) {
    return static_cast<std::size_t>(said.kind);
}

constexpr auto kRetract = static_cast<std::size_t>(FeedbackKind::Retract);

void say(std::array<std::uint64_t, 4>& slot, const Feedback& said) {
    if (kind_of(said) == kRetract) {
        slot = {};
    }
    slot[kRetract] = 0;
    slot[kind_of(said)] = value_hash(said);
}

}  // namespace

bool KnownFeedback::take(const Feedback& said) {
    const std::uint64_t key = slot_key(said);
    const auto staged = staged_.find(key);
    const Slot* known = staged != staged_.end() ? &staged->second : slots_.find(key);
    if (known != nullptr && (*known)[kind_of(said)] == value_hash(said)) {
        return false;
    }
    Slot slot = known != nullptr ? *known : Slot{};
    say(slot, said);
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
    for (const Feedback& said : stored) {
        say(last[slot_key(said)], said);
    }
    for (const auto& [key, slot] : last) {
        if (slots_.find(key) == nullptr) {
            slots_.put(key, slot);
        }
    }
}

}  // namespace flywheel
