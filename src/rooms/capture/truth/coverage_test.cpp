// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/truth/coverage.h"

#include <gtest/gtest.h>

#include "ports/columns/memory_columns.h"
#include "ports/columns/sample_rows.h"
#include "ports/journal/memory_journal.h"

namespace flywheel {
namespace {

using testing::sample_day;

class CoverageTest : public ::testing::Test {
  protected:
    Prediction serve(Time time, int status = 200) {
        Prediction row = testing::sample_prediction(time, rng_);
        row.status = status;
        capture_->record(Prediction(row));
        return row;
    }

    void say(const Prediction& row, FeedbackKind kind, double value = 0) {
        Feedback said = testing::sample_feedback(row.request_id, row.time, rng_);
        said.arrived += std::chrono::minutes(1);
        said.kind = kind;
        said.value = value;
        ASSERT_TRUE(capture_->submit_feedback({said}));
    }

    Rng rng_{1};
    MemoryJournal journal_;
    MemoryColumns columns_;
    ManualClock clock_{sample_day(9)};
    std::unique_ptr<Capture> capture_ = Capture::open({}, journal_, columns_, clock_).value();
    CoverageMeter meter_;
};

TEST_F(CoverageTest, IsTheShareOfTheLastDaysRowsThatHaveALabel) {
    const Time now = sample_day(9);
    say(serve(now - std::chrono::hours(30)), FeedbackKind::Label);  // too old
    say(serve(now - std::chrono::hours(20)), FeedbackKind::Label);
    say(serve(now - std::chrono::hours(19)), FeedbackKind::Correct, 1);
    say(serve(now - std::chrono::hours(18)), FeedbackKind::Correct, 0);
    say(serve(now - std::chrono::hours(17)), FeedbackKind::Score, 1);
    say(serve(now - std::chrono::hours(16), 503), FeedbackKind::Label);
    const Prediction undone = serve(now - std::chrono::hours(2));
    say(undone, FeedbackKind::Label);
    say(undone, FeedbackKind::Retract);
    serve(now - std::chrono::hours(1));
    ASSERT_TRUE(capture_->flush());
    EXPECT_TRUE(meter_.last().empty());
    ASSERT_TRUE(meter_.measure_if_due(*capture_, {"news", "other"}, now));
    const auto last = meter_.last();
    ASSERT_EQ(last.size(), 2U);
    EXPECT_EQ(last[0].model, "news");
    EXPECT_EQ(last[0].rows, 6U);
    EXPECT_EQ(last[0].labelled, 2U);
    EXPECT_EQ(last[1].rows, 0U);
}

TEST_F(CoverageTest, IsMeasuredNowAndThen) {
    serve(sample_day(8) + std::chrono::hours(1));
    ASSERT_TRUE(capture_->flush());
    ASSERT_TRUE(meter_.measure_if_due(*capture_, {"news"}, sample_day(9)));
    serve(sample_day(8) + std::chrono::hours(1));
    ASSERT_TRUE(capture_->flush());
    ASSERT_TRUE(meter_.measure_if_due(*capture_, {"news"}, sample_day(9)));
    EXPECT_EQ(meter_.last()[0].rows, 1U) << "not yet again";
}

TEST_F(CoverageTest, EndsWhenItIsStopped) {
    serve(sample_day(8) + std::chrono::hours(1));
    ASSERT_TRUE(capture_->flush());
    meter_.stop();
    const auto measured = meter_.measure_if_due(*capture_, {"news"}, sample_day(9));
    ASSERT_FALSE(measured);
    EXPECT_EQ(measured.error().code, Code::Cancelled);
    EXPECT_TRUE(meter_.last().empty());
}

}  // namespace
}  // namespace flywheel
