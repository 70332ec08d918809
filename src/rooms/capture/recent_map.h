#pragma once
// SPDX-License-Identifier: Apache-2.0
// RecentMap: remembers at least the latest `capacity` keys and at most twice as many; older ones
// are forgotten half by half. Bounds the memory that look-ups of old rows may take. One thread at a
// time.

#include <cstdint>
#include <unordered_map>
#include <utility>

namespace flywheel {

template <class Value>
class RecentMap {
  public:
    explicit RecentMap(std::size_t capacity) : capacity_(capacity) {}

    [[nodiscard]] const Value* find(std::uint64_t key) const {
        if (const auto found = young_.find(key); found != young_.end()) {
            return &found->second;
        }
        const auto found = old_.find(key);
        return found == old_.end() ? nullptr : &found->second;
    }

    void put(std::uint64_t key, Value value) {
        if (young_.size() >= capacity_ && !young_.contains(key)) {
            forgot_ = forgot_ || !old_.empty();
            old_ = std::exchange(young_, {});
        }
        young_.insert_or_assign(key, std::move(value));
    }

    /// True when something was ever forgotten: a key that is not found may have been there.
    [[nodiscard]] bool forgot() const { return forgot_; }

  private:
    std::size_t capacity_;
    std::unordered_map<std::uint64_t, Value> young_;
    std::unordered_map<std::uint64_t, Value> old_;
    bool forgot_ = false;
};

}  // namespace flywheel
