// SPDX-License-Identifier: Apache-2.0
#include "gateway/inference/turns.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace flywheel::gateway {
namespace {

using ::testing::ElementsAre;

TEST(Turns, BeginOneAfterTheOtherInOrder) {
    Turns turns;
    std::vector<int> begun;
    std::vector<int> who = {0, 1, 2, 3};
    for (int& one : who) {
        turns.add(&one, 10, [&begun, &one] { begun.push_back(one); });
    }
    EXPECT_THAT(begun, ElementsAre(0));
    EXPECT_EQ(turns.rows(), 40);
    turns.end(&who[2]);  // leaves before its turn
    turns.end(&who[0]);
    EXPECT_THAT(begun, ElementsAre(0, 1));
    turns.end(&who[1]);
    turns.end(&who[3]);
    EXPECT_THAT(begun, ElementsAre(0, 1, 3));
    EXPECT_EQ(turns.rows(), 0);
    turns.add(&who[0], 3, [&begun] { begun.push_back(9); });  // nobody is in the way
    EXPECT_EQ(turns.rows(), 3);
    EXPECT_THAT(begun, ElementsAre(0, 1, 3, 9));
}

}  // namespace
}  // namespace flywheel::gateway
