// SPDX-License-Identifier: Apache-2.0
#include "ports/notify/log/log_notifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace flywheel::notify {

namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class LogNotifierTest : public ::testing::Test {
  protected:
    /// What one call writes to the log.
    std::string tell(const std::string& key) {
        ::testing::internal::CaptureStderr();
        CHECK(notifier.tell({.key = key, .model = "news", .text = "Accuracy fell to .61 (n 200)"})
                  .has_value());
        return ::testing::internal::GetCapturedStderr();
    }

    ManualClock clock{Time(std::chrono::days(18000))};
    LogNotifier notifier{clock};
};

TEST_F(LogNotifierTest, WritesOneLineWithKeyModelAndText) {
    const auto line = tell("drift");
    EXPECT_THAT(line, HasSubstr("notice"));
    EXPECT_THAT(line, HasSubstr("drift"));
    EXPECT_THAT(line, HasSubstr("news"));
    EXPECT_THAT(line, HasSubstr("Accuracy fell to .61 (n 200)"));
}

TEST_F(LogNotifierTest, DropsTheSameKeyWithinAnHour) {
    EXPECT_FALSE(tell("drift").empty());
    clock.advance(std::chrono::minutes(59));
    EXPECT_THAT(tell("drift"), IsEmpty());
    EXPECT_FALSE(tell("failed turn").empty()) << "another key is not held back";
    clock.advance(std::chrono::minutes(1));
    EXPECT_FALSE(tell("drift").empty()) << "an hour after the one that was told";
}

TEST_F(LogNotifierTest, SpeaksAgainWhenTheClockWasSetBack) {
    EXPECT_FALSE(tell("drift").empty());
    clock.set(Time(std::chrono::days(17000)));
    EXPECT_FALSE(tell("drift").empty());
}

}  // namespace

}  // namespace flywheel::notify
