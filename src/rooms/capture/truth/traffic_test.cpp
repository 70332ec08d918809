// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/truth/traffic.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "ports/columns/memory_columns.h"
#include "ports/columns/sample_rows.h"
#include "ports/journal/memory_journal.h"

namespace flywheel {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::sample_day;

class TrafficTest : public ::testing::Test {
  protected:
    Prediction served(Time time, std::string version, Route route = Route::Stable) {
        Prediction row = testing::sample_prediction(time, rng_);
        row.version = std::move(version);
        row.route = route;
        row.status = 200;
        row.propensity = 1;
        row.label = 1;
        row.confidence = .5F;
        row.us_total = 100;
        return row;
    }

    Traffic count(Duration step) {
        EXPECT_TRUE(capture_->flush());
        return count_traffic(*capture_, {"news", {sample_day(8), sample_day(9)}, step}).value();
    }

    Rng rng_{1};
    MemoryJournal journal_;
    MemoryColumns columns_;
    ManualClock clock_{sample_day(9)};
    std::unique_ptr<Capture> capture_ = Capture::open({}, journal_, columns_, clock_).value();
};

TEST_F(TrafficTest, CountsByTimeVersionAndRoute) {
    const Time day = sample_day(8);
    capture_->record(served(day + minutes(1), "1"));
    capture_->record(served(day + minutes(59), "1"));
    capture_->record(served(day + minutes(59), "2", Route::Canary));
    capture_->record(served(day + minutes(61), "10"));
    auto failed = served(day + minutes(61), "10");
    failed.status = 503;
    failed.label = -1;
    capture_->record(std::move(failed));
    capture_->record(served(day + hours(30), "1"));  // out of the range
    const Traffic traffic = count(hours(1));
    ASSERT_EQ(traffic.size(), 2U);
    const auto& first = traffic.at(day);
    ASSERT_EQ(first.size(), 2U);
    EXPECT_EQ((first.at({1, Route::Stable}).rows), 2);
    EXPECT_EQ((first.at({2, Route::Canary}).rows), 1);
    const auto& second = traffic.at(day + hours(1)).at({10, Route::Stable});
    EXPECT_EQ(second.rows, 2);
    EXPECT_EQ(second.failed, 1);
    EXPECT_EQ(second.captured, 2);
    EXPECT_EQ(second.by_label, (std::vector<double>{0, 1}));
    EXPECT_FALSE(second.estimated);
}

TEST_F(TrafficTest, WeighsWhatWasSampled) {
    auto row = served(sample_day(8), "1");
    row.propensity = .25;
    capture_->record(std::move(row));
    const Traffic traffic = count(hours(24));
    ASSERT_EQ(traffic.size(), 1U);
    const auto& group = traffic.begin()->second.at({1, Route::Stable});
    EXPECT_EQ(group.captured, 1);
    EXPECT_TRUE(group.estimated);
    EXPECT_DOUBLE_EQ(group.rows, 4);
    EXPECT_DOUBLE_EQ(group.confidence_sum, 2);
}

TEST(LatencyCount, HasNoQuantileWithoutRows) {
    EXPECT_EQ(LatencyCount().quantile(.5), 0);
}

RC_GTEST_PROP(LatencyCount, IsRightToASixteenth, ()) {
    auto values = *rc::gen::nonEmpty(
        rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange<std::int64_t>(0, 1 << 30))
    );
    LatencyCount count;
    for (const auto value : values) {
        count.add(value, 1);
    }
    std::ranges::sort(values);
    for (const double q : {.01, .5, .95, .99, 1.0}) {
        const auto rank = static_cast<std::size_t>(
            std::max(0.0, std::ceil(q * static_cast<double>(values.size())) - 1)
        );
        const auto exact = static_cast<double>(values[rank]);
        RC_ASSERT(std::abs(static_cast<double>(count.quantile(q)) - exact) <= exact / 16 + 1);
    }
}

}  // namespace
}  // namespace flywheel
