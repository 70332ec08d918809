// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace flywheel {
namespace {

Time at_micros(std::int64_t micros) {
    return Time(Duration(micros));
}

TEST(ParseTime, ReadsRfc3339AndItsShortForms) {
    struct Row {
        std::string_view text;
        std::int64_t micros;
    };

    constexpr std::int64_t kNoon = 1'795'262'400'000'000;  // 2026-11-21T12:00:00Z
    constexpr std::int64_t kHour = 3'600'000'000;
    const Row rows[] = {
        {"1970-01-01", 0},
        {"1970-01-01T00:00:00Z", 0},
        {"1969-12-31T23:59:59.999999Z", -1},
        {"2026-11-21", kNoon - 12 * kHour},
        {"2026-11-21T12:00", kNoon},
        {"2026-11-21T12:00Z", kNoon},
        {"2026-11-21 12:00", kNoon},
        {"2026-11-21t12:00:00z", kNoon},
        {"2026-11-21T12:00:30", kNoon + 30'000'000},
        {"2026-11-21T12:00:00.5Z", kNoon + 500'000},
        {"2026-11-21T12:00:00.000001Z", kNoon + 1},
        {"2026-11-21T12:00:00.123456789Z", kNoon + 123'456},
        {"2026-11-21T21:00:00+09:00", kNoon},
        {"2026-11-21T21:00:00+0900", kNoon},
        {"2026-11-21T06:30:00-05:30", kNoon},
        {"2026-11-22T00:00:00+12:00", kNoon},
        {"2026-11-21T12:00:00-00:00", kNoon},
        {"2016-02-29", 1'456'704'000'000'000},
        {"2000-02-29T00:00:00Z", 951'782'400'000'000},
        {"2016-12-31T23:59:60Z", 1'483'228'800'000'000},  // a leap second is the next one's first
        {"9999-12-31T23:59:59.999999Z", 253'402'300'799'999'999},
        {"0001-01-01", -62'135'596'800'000'000},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.text);
        const auto time = parse_time(row.text);
        ASSERT_TRUE(time);
        EXPECT_EQ(time->time_since_epoch().count(), row.micros);
    }
}

TEST(ParseTime, RefusesEverythingElseAndShowsIt) {
    const std::string_view rows[] = {
        "",
        "today",
        "2026",
        "2026-11",
        "2026-1-1",
        "26-11-21",
        "2026/11/21",
        "20261121",
        "2026-00-10",
        "9999-12-31T23:59:60",
        "9999-12-31T23:59-00:01",
        "0000-01-01T00:00+00:01",
        "2026-13-01",
        "2026-11-00",
        "2026-11-31",
        "2026-02-29",
        "1900-02-29",
        "-2026-11-21",
        "2026-11-21T",
        "2026-11-21T12",
        "2026-11-21T12:",
        "2026-11-21T12:0",
        "2026-11-21T24:00",
        "2026-11-21T12:60",
        "2026-11-21T12:00:61",
        "2026-11-21T12:00:",
        "2026-11-21T12:00:0x",
        "2026-11-21T12:00.5",
        "2026-11-21T12:00:00.",
        "2026-11-21T12:00:00.Z",
        "2026-11-21T12:00:00,5Z",
        "2026-11-21T12:00:00+",
        "2026-11-21T12:00:00+9",
        "2026-11-21T12:00:00+09",
        "2026-11-21T12:00:00+24:00",
        "2026-11-21T12:00:00+09:60",
        "2026-11-21T12:00:00ZZ",
        "2026-11-21T12:00:00 Z",
        "2026-11-21x12:00",
        " 2026-11-21",
        "2026-11-21 ",
        "2026-11-21Z",
        "1795262400",
    };
    for (const auto row : rows) {
        SCOPED_TRACE(row);
        const auto time = parse_time(row);
        ASSERT_FALSE(time);
        EXPECT_EQ(time.error().code, Code::InvalidArgument);
        EXPECT_NE(time.error().message.find("'" + std::string(row) + "'"), std::string::npos);
    }
}

TEST(ToRfc3339, LeavesOutMicrosecondsThatAreZero) {
    EXPECT_EQ(to_rfc3339(at_micros(0)), "1970-01-01T00:00:00Z");
    EXPECT_EQ(to_rfc3339(at_micros(1)), "1970-01-01T00:00:00.000001Z");
    EXPECT_EQ(to_rfc3339(at_micros(-1)), "1969-12-31T23:59:59.999999Z");
    EXPECT_EQ(to_rfc3339(at_micros(1'795'253'400'000'000)), "2026-11-21T09:30:00Z");
    EXPECT_EQ(to_date(at_micros(-1)), "1969-12-31");
    EXPECT_EQ(to_date(at_micros(1'795'253'400'000'000)), "2026-11-21");
}

RC_GTEST_PROP(ParseTime, ReadsBackWhatToRfc3339Writes, ()) {
    const auto micros =
        *rc::gen::inRange<std::int64_t>(-62'135'596'800'000'000, 253'402'300'800'000'000);
    const auto time = at_micros(micros);
    const auto read = parse_time(to_rfc3339(time));
    RC_ASSERT(read.has_value());
    RC_ASSERT(*read == time);
    RC_ASSERT(*parse_time(to_date(time)) == std::chrono::floor<std::chrono::days>(time));
}

RC_GTEST_PROP(ParseTime, AnswersEveryTextWithATimeOrAnError, (const std::string& text)) {
    const auto time = parse_time(text);
    RC_ASSERT(time.has_value() || time.error().code == Code::InvalidArgument);
}

TEST(ManualClock, MovesOnlyWhenItIsTold) {
    ManualClock clock(at_micros(1000));
    EXPECT_EQ(clock.now(), at_micros(1000));
    clock.advance(Duration(5));
    EXPECT_EQ(clock.now(), at_micros(1005));
    clock.set(at_micros(7));
    EXPECT_EQ(clock.now(), at_micros(7));
}

TEST(SystemClock, KnowsThisCentury) {
    const SystemClock clock;
    EXPECT_GT(clock.now(), *parse_time("2024-01-01"));
    EXPECT_LT(clock.now(), *parse_time("2100-01-01"));
    EXPECT_GT(process_cpu_seconds(), 0.0);
}

}  // namespace
}  // namespace flywheel
