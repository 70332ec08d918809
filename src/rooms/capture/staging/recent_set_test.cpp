// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/staging/recent_set.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace flywheel {
namespace {

struct Key {
    std::uint64_t value = 0;
    int note = 0;

    bool operator==(const Key& other) const { return value == other.value; }
};

std::size_t place_of(const Key& key) {
    return key.value;
}

TEST(RecentSet, KnowsWhatItTookAndForgetsAll) {
    RecentSet<Key> set(16);
    EXPECT_FALSE(set.take({7}).known);
    EXPECT_TRUE(set.take({7}).known);
    EXPECT_FALSE(set.take({8}).known);
    set.clear();
    EXPECT_FALSE(set.take({7}).known);
}

TEST(RecentSet, KeepsTheValueThatItsEntryWasGiven) {
    RecentSet<Key> set(1);
    set.take({7, 1}).entry.note = 5;
    set.take({8, 2});
    EXPECT_EQ(set.take({7, 9}).entry.note, 5);
}

TEST(RecentSet, ForgetsWhatWasNotAskedForTheLongestTime) {
    RecentSet<Key> set(1);
    for (std::uint64_t value = 1; value <= RecentSet<Key>::kWays; ++value) {
        set.take({value});
    }
    set.take({1});
    set.take({100});
    EXPECT_TRUE(set.take({1}).known);
    EXPECT_FALSE(set.take({2}).known) << "the oldest made room for 100";
    EXPECT_TRUE(set.take({100}).known);
}

TEST(RecentSet, HoldsMostOfItsPlacesWhenKeysAreSpread) {
    constexpr std::size_t kGroups = 1024;
    RecentSet<Key> set(kGroups);
    Rng rng(3);
    std::vector<Key> keys;
    for (std::size_t i = 0; i < kGroups * RecentSet<Key>::kWays / 2; ++i) {
        keys.push_back({rng.next()});
        set.take(keys.back());
    }
    std::size_t known = 0;
    for (const Key& key : keys) {
        known += set.take(key).known ? 1 : 0;
    }
    EXPECT_GT(known, keys.size() * 9 / 10);
}

}  // namespace
}  // namespace flywheel
