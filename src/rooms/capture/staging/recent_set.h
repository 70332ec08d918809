#pragma once
// SPDX-License-Identifier: Apache-2.0
// RecentSet: which keys were seen lately, about a million of them in memory of fixed size. Eight
// places for each of many groups; within a group the key that was not asked for the longest time
// goes first. One thread at a time.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "base/result.h"

namespace flywheel {

/// `Key` is trivially copyable and may carry a value that `==` does not look at; its
/// value-initialised form is never a key; `place_of(key)` is spread evenly.
template <class Key>
class RecentSet {
  public:
    static constexpr std::size_t kWays = 8;

    /// `groups` is a power of two. Memory that no key has touched costs nothing: it is zero pages.
    explicit RecentSet(std::size_t groups) : groups_(groups), keys_(new_zeros(groups)) {
        CHECK(groups > 0 && (groups & (groups - 1)) == 0);
    }

    struct Taken {
        Key& entry;  ///< As it is remembered; the newest of its group now.
        bool known;  ///< It was here before.
    };

    Taken take(const Key& key) {
        Key* const group = keys_.get() + (place_of(key) & (groups_ - 1)) * kWays;
        Key* const end = group + kWays;
        Key* const found = std::find(group, end, key);
        const bool known = found != end;
        Key* const last = known ? found : end - 1;
        const Key entry = known ? *found : key;
        std::move_backward(group, last, last + 1);
        *group = entry;
        return {*group, known};
    }

    /// Has the key's group brought near; worth it some dozen keys before take().
    void prefetch(const Key& key) const {
        const Key* const group = keys_.get() + (place_of(key) & (groups_ - 1)) * kWays;
        for (std::size_t byte = 0; byte < kWays * sizeof(Key); byte += 64) {
            __builtin_prefetch(reinterpret_cast<const char*>(group) + byte);
        }
    }

    void clear() { keys_ = new_zeros(groups_); }

  private:
    struct Free {
        void operator()(Key* keys) const { std::free(keys); }  // NOLINT: what calloc gave
    };

    static std::unique_ptr<Key[], Free> new_zeros(std::size_t groups) {
        auto* const keys = static_cast<Key*>(std::calloc(groups * kWays, sizeof(Key)));  // NOLINT
        CHECK(keys != nullptr);
        return std::unique_ptr<Key[], Free>(keys);
    }

    std::size_t groups_;
    std::unique_ptr<Key[], Free> keys_;
};

}  // namespace flywheel
