// SPDX-License-Identifier: Apache-2.0
#include "gateway/trail/refusals.h"

#include <gtest/gtest.h>

namespace flywheel::trail {
namespace {

TEST(Refusals, AreOneLineForEachOffenceCallerAndAddress) {
    Refusals refusals;
    for (int i = 0; i < 1000; ++i) {
        refusals.add(Offence::WrongKey, "", "192.0.2.1", "infer");
    }
    refusals.add(Offence::WrongRole, "shop", "192.0.2.1", "load");
    refusals.add(Offence::Replay, "shop", "192.0.2.1", "feedback", 7);
    const auto lines = refusals.take();
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_EQ(lines[0].count, 1000);
    EXPECT_EQ(lines[0].about, "infer");
    EXPECT_EQ(lines[2].count, 7);
    EXPECT_TRUE(refusals.take().empty());
}

TEST(Refusals, OfAMillionAddressesFillNoMemoryAndAreAllCounted) {
    Refusals refusals;
    for (int i = 0; i < 10'000; ++i) {
        refusals.add(Offence::WrongKey, "", std::to_string(i), "infer");
    }
    const auto lines = refusals.take();
    ASSERT_EQ(lines.size(), Refusals::kLines + 1);
    EXPECT_TRUE(lines.back().others);
    std::int64_t sum = 0;
    for (const RefusalTally& line : lines) {
        sum += line.count;
    }
    EXPECT_EQ(sum, 10'000);
}

}  // namespace
}  // namespace flywheel::trail
