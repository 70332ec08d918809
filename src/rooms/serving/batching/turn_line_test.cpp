// SPDX-License-Identifier: Apache-2.0
#include "rooms/serving/batching/turn_line.h"

#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace flywheel::serving {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using ::testing::HasSubstr;

constexpr std::size_t kBytes = 200;  // of a small request, which takes 10 us

class TurnLineTest : public ::testing::Test {
  protected:
    TurnLineTest() {
        BatchLimits limits;
        limits.queue_rows = 100;
        line_ = std::make_unique<TurnLine>(limits);
        EXPECT_FALSE(line_->is_long(1'000'000)) << "nothing is known yet";
        line_->ran(kBytes, microseconds(10));
    }

    std::unique_ptr<TurnLine> line_;
};

TEST_F(TurnLineTest, ExpectsOfARequestWhatItsBytesTookBefore) {
    EXPECT_FALSE(line_->is_long(kBytes));
    EXPECT_FALSE(line_->is_long(9 * kBytes));
    EXPECT_TRUE(line_->is_long(11 * kBytes));
    line_->ran(0, milliseconds(5));  // says nothing
    EXPECT_FALSE(line_->is_long(9 * kBytes));
}

TEST_F(TurnLineTest, IsNotMisledByAThreadThatWasNotRunForAWhile) {
    for (int i = 0; i < 3; ++i) {
        line_->ran(kBytes, milliseconds(100));
    }
    EXPECT_FALSE(line_->is_long(kBytes));
    EXPECT_FALSE(line_->is_long(8 * kBytes));
}

TEST_F(TurnLineTest, LearnsWhenAllRequestsTakeLonger) {
    int taken = 0;
    for (; !line_->is_long(kBytes); ++taken) {
        ASSERT_LT(taken, 100);
        line_->ran(kBytes, milliseconds(1));
    }
    EXPECT_GT(taken, 10);  // a mean of ten times as much: 16 * ln 10 requests that count twice
    for (; line_->is_long(kBytes); ++taken) {
        ASSERT_LT(taken, 200);
        line_->ran(kBytes, microseconds(10));
    }
}

TEST_F(TurnLineTest, TakesOnSoManyRowsAThreadAndOneRequestOfAnySize) {
    EXPECT_TRUE(line_->admit(0, 1000));
    EXPECT_TRUE(line_->admit(60, 40));
    const auto refused = line_->admit(60, 41);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::Unavailable);
    EXPECT_THAT(refused.error().message, HasSubstr("60 of 100"));
    line_->enter(60);
    EXPECT_EQ(line_->waiting_rows(), 60);
    EXPECT_EQ(line_->waiting_requests(), 1);
    line_->leave(60);
    EXPECT_EQ(line_->waiting_rows(), 0);
    EXPECT_EQ(line_->waiting_requests(), 0);
}

}  // namespace
}  // namespace flywheel::serving
