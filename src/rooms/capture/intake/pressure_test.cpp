// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/intake/pressure.h"

#include <gtest/gtest.h>

namespace flywheel {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A gauge and the time it is told.
struct Gauge {
    Pressure pressure;
    Pressure::Moment now{seconds(1000)};

    PressureLevel after(milliseconds wait, PressureReading reading) {
        now += wait;
        pressure.observe(now, reading);
        return pressure.level();
    }
};

TEST(Pressure, RisesAtOnceAtEachMark) {
    struct Row {
        PressureReading reading;
        PressureLevel level;
    };

    for (const auto& [reading, level] :
         {Row{{.buffers = 0.4, .disk = 0.70}, PressureLevel::Normal},
          Row{{.buffers = 0, .disk = 0.71}, PressureLevel::Thin},
          Row{{.buffers = 0, .disk = 0.86}, PressureLevel::Sample},
          Row{{.buffers = 0.75, .disk = 0}, PressureLevel::Sample},
          Row{{.buffers = 0, .disk = 0.96}, PressureLevel::Drop},
          Row{{.buffers = 1, .disk = 0}, PressureLevel::Drop},
          Row{{.buffers = 0, .disk = 0, .no_space = true}, PressureLevel::Drop}}) {
        Gauge gauge;
        EXPECT_EQ(gauge.after(milliseconds(5), reading), level) << reading.disk;
    }
}

TEST(Pressure, ThinsOnlyWhenBuffersStayHalfFullForASecond) {
    Gauge gauge;
    const PressureReading half{.buffers = 0.6};
    EXPECT_EQ(gauge.after(milliseconds(5), half), PressureLevel::Normal);
    EXPECT_EQ(gauge.after(milliseconds(900), half), PressureLevel::Normal);
    EXPECT_EQ(gauge.after(milliseconds(50), {}), PressureLevel::Normal);
    EXPECT_EQ(gauge.after(milliseconds(900), half), PressureLevel::Normal)
        << "the second begins anew";
    EXPECT_EQ(gauge.after(milliseconds(1000), half), PressureLevel::Thin);
}

TEST(Pressure, FallsAfterHalfAMinuteBelowTheMarkLessFivePoints) {
    Gauge gauge;
    EXPECT_EQ(gauge.after(milliseconds(5), {.disk = 0.90}), PressureLevel::Sample);
    EXPECT_EQ(gauge.after(seconds(60), {.disk = 0.82}), PressureLevel::Sample) << "within 5 points";
    EXPECT_EQ(gauge.after(seconds(60), {.disk = 0.79}), PressureLevel::Sample);
    EXPECT_EQ(gauge.after(seconds(29), {.disk = 0.79}), PressureLevel::Sample);
    EXPECT_EQ(gauge.after(milliseconds(500), {.disk = 0.82}), PressureLevel::Sample);
    EXPECT_EQ(gauge.after(seconds(29), {.disk = 0.79}), PressureLevel::Sample) << "begins anew";
    EXPECT_EQ(gauge.after(seconds(30), {.disk = 0.79}), PressureLevel::Thin);
    EXPECT_EQ(gauge.after(milliseconds(5), {.disk = 0.1}), PressureLevel::Thin);
    EXPECT_EQ(gauge.after(seconds(30), {.disk = 0.1}), PressureLevel::Normal);
    EXPECT_EQ(gauge.pressure.changes(), 3U);
}

TEST(Pressure, FallsToTheHighestLevelSeenMeanwhile) {
    Gauge gauge;
    gauge.after(milliseconds(5), {.disk = 0.97});
    gauge.after(seconds(1), {.disk = 0.1});
    gauge.after(seconds(10), {.disk = 0.87});
    EXPECT_EQ(gauge.after(seconds(20), {.disk = 0.1}), PressureLevel::Sample);
}

TEST(Pressure, RefusesRowsOnlyForTheDiskAndOnlyWhileItIsFull) {
    Gauge gauge;
    gauge.after(milliseconds(5), {.buffers = 1});
    EXPECT_FALSE(gauge.pressure.refuses_rows()) << "buffers refuse what does not fit themselves";
    EXPECT_EQ(gauge.pressure.factor(), Pressure::kSampleFactor);
    gauge.after(milliseconds(5), {.disk = 0.96});
    EXPECT_TRUE(gauge.pressure.refuses_rows());
    gauge.after(milliseconds(5), {.disk = 0.91});
    EXPECT_TRUE(gauge.pressure.refuses_rows()) << "within 5 points";
    gauge.after(milliseconds(5), {.disk = 0.5});
    EXPECT_FALSE(gauge.pressure.refuses_rows());
    EXPECT_EQ(gauge.pressure.level(), PressureLevel::Drop) << "the level takes its time";
}

TEST(Pressure, TellsTheHighestLevelSinceItWasAsked) {
    Pressure pressure;
    auto now = Pressure::Moment();
    EXPECT_EQ(pressure.worst_since_asked(), PressureLevel::Normal);
    pressure.observe(now, {.buffers = .8});
    for (int second = 0; second < 62; ++second) {
        pressure.observe(now += std::chrono::seconds(1), {.buffers = 0});
    }
    ASSERT_EQ(pressure.level(), PressureLevel::Normal);
    EXPECT_EQ(pressure.worst_since_asked(), PressureLevel::Sample) << "it came and went";
    EXPECT_EQ(pressure.worst_since_asked(), PressureLevel::Normal);
}

}  // namespace
}  // namespace flywheel
