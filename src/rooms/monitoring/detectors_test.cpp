// SPDX-License-Identifier: Apache-2.0
// The false-alarm budget and the power of the two chains, by simulation (monitoring.md, sections 2
// and 3).
#include "rooms/monitoring/detectors.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "rooms/monitoring/simulated_stream.h"
#include "rooms/monitoring/watch_state.h"

namespace flywheel::monitoring {
namespace {

constexpr double kBudget = 90;
constexpr std::array<double, kChains> kGates = {0.02, 0.1};

TimeRange window_of(std::int64_t number, std::int64_t days) {
    const Duration length = std::chrono::hours(24 * days);
    return {Time(length * number), Time(length * (number + 1))};
}

struct Lives {
    int lives = 0;
    std::int64_t window_days = 1;
    int windows = 0;
    int reference_rows = 0;
    int window_rows = 0;
};

/// Alarms (before the gate) per budget of days, over many champions with a reference each.
double alarms_per_budget(SimulatedStream& stream, const Lives& plan) {
    int alarms = 0;
    for (int life = 0; life < plan.lives; ++life) {
        const auto reference = make_reference(stream.rows(plan.reference_rows), stream.classes());
        WatchState state;
        state.reset_chains(Time());
        for (int t = 0; t < plan.windows; ++t) {
            const auto sums = sums_of(stream.rows(plan.window_rows), stream.classes());
            state.add(window_of(t, plan.window_days), compare(reference, sums), kGates);
            if (state.evidence() >= kBudget) {
                ++alarms;
                state.reset_chains(window_of(t, plan.window_days).end);
            }
        }
    }
    const double days = static_cast<double>(plan.lives * plan.windows * plan.window_days);
    return alarms * kBudget / days;
}

TEST(Detectors, MonthlyWindowsKeepTheFalseAlarmBudget) {
    SimulatedStream stream(67);
    EXPECT_LE(alarms_per_budget(stream, {12, 30, 36, 400, 230}), 1);
}

TEST(Detectors, DailyWindowsKeepTheFalseAlarmBudget) {
    SimulatedStream stream(71);
    EXPECT_LE(alarms_per_budget(stream, {6, 1, 180, 400, 150}), 1);
}

TEST(Detectors, RowsThatComeInBurstsKeepTheFalseAlarmBudget) {
    SimulatedStream stream(73);
    stream.burst = 4;  // Four rows of a topic in a row, as news come.
    EXPECT_LE(alarms_per_budget(stream, {12, 30, 36, 400, 230}), 1);
}

TEST(Detectors, FindAClassThatGrowsFromFourteenToSixtyEightPercent) {
    int found = 0;
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        SimulatedStream stream(100 + seed);
        const auto reference = make_reference(stream.rows(400), stream.classes());
        WatchState state;
        state.reset_chains(Time());
        for (int t = 0; t < 24 && state.evidence() < kBudget; ++t) {
            stream.share_of_first = 0.14 + (0.68 - 0.14) * t / 24.0;
            const auto sums = sums_of(stream.rows(230), stream.classes());
            state.add(window_of(t, 30), compare(reference, sums), kGates);
        }
        found += state.evidence() >= kBudget ? 1 : 0;
    }
    EXPECT_EQ(found, 10);
}

TEST(Detectors, OneAbruptChangeIsFoundInItsFirstWindow) {
    SimulatedStream stream(79);
    const auto reference = make_reference(stream.rows(500), stream.classes());
    stream.share_of_first = 0.68;
    const auto readings = compare(reference, sums_of(stream.rows(230), stream.classes()));
    EXPECT_LT(readings.classes.p, 1e-3);
    EXPECT_LT(readings.embedding.p, 1e-3);
    EXPECT_EQ(readings.classes.category, 0);
    EXPECT_NEAR(readings.classes.effect, 0.54, 0.1);
    EXPECT_GT(readings.embedding.effect, 0.3);
}

TEST(Detectors, KeepTheNominalLevelOfOnePercentWithoutTheCap) {
    // The cap makes the test conservative; the law behind it must hold without.
    SimulatedStream stream(83);
    constexpr int kTrials = 150;
    int classes = 0;
    int embedding = 0;
    for (int trial = 0; trial < kTrials; ++trial) {
        // A tenth of the reference is as much as the window has: no cap.
        const auto reference = make_reference(stream.rows(900), stream.classes());
        const auto readings = compare(reference, sums_of(stream.rows(90), stream.classes()));
        classes += readings.classes.p < 0.01 ? 1 : 0;
        embedding += readings.embedding.p < 0.01 ? 1 : 0;
    }
    EXPECT_LE(classes, 6);
    EXPECT_LE(embedding, 6);
}

TEST(Detectors, BurstsRaiseTheDesignEffect) {
    SimulatedStream stream(89);
    EXPECT_LT(make_reference(stream.rows(600), stream.classes()).class_design_effect, 1.5);
    stream.burst = 5;
    EXPECT_GT(make_reference(stream.rows(600), stream.classes()).class_design_effect, 2);
}

TEST(Detectors, WithoutEmbeddingsOnlyTheClassMixIsTested) {
    SimulatedStream stream(97);
    auto rows = stream.rows(400);
    for (auto& row : rows) {
        row.embedding.clear();
    }
    const auto reference = make_reference(rows, stream.classes());
    const auto readings = compare(reference, sums_of(rows, stream.classes()));
    EXPECT_TRUE(readings.classes.applicable);
    EXPECT_FALSE(readings.embedding.applicable);
    WatchState state;
    state.add(window_of(0, 1), readings, kGates);
    EXPECT_EQ(state.weight(0), 1);
    EXPECT_EQ(state.weight(1), 0);
}

TEST(Detectors, AnEmbeddingThatIsNotFiniteIsLeftOut) {
    SimulatedStream stream(101);
    auto rows = stream.rows(3);
    rows[1].embedding[0] = 0x7C00;  // Infinity.
    const auto sums = sums_of(rows, stream.classes());
    EXPECT_EQ(sums.rows, 3);
    EXPECT_EQ(sums.embedding_rows, 2);
}

RC_GTEST_PROP(WindowSums, MergingIsExactInAnyOrder, ()) {
    SimulatedStream stream(*rc::gen::arbitrary<std::uint64_t>());
    const auto rows = stream.rows(60);
    const auto cut = static_cast<std::size_t>(*rc::gen::inRange(0, 61));
    const std::span<const Prediction> all(rows);
    const auto first = sums_of(all.first(cut), stream.classes());
    const auto second = sums_of(all.subspan(cut), stream.classes());
    auto forward = first;
    forward.merge(second);
    auto backward = second;
    backward.merge(first);
    RC_ASSERT(forward == sums_of(all, stream.classes()));
    RC_ASSERT(forward == backward);
}

TEST(Content, SurvivesItsJson) {
    SimulatedStream stream(103);
    Content content;
    content.reference = make_reference(stream.rows(400), stream.classes());
    content.sums = sums_of(stream.rows(120), stream.classes());
    content.tested = true;
    const auto readings = compare(*content.reference, content.sums);
    content.readings = {readings.classes, readings.embedding};
    content.state.reset_chains(Time(Duration(5)));
    content.state.add(window_of(0, 30), readings, kGates);
    const auto again = from_content(to_content(content)).value();
    EXPECT_EQ(again.sums, content.sums);
    EXPECT_EQ(again.reference->sums, content.reference->sums);
    EXPECT_EQ(again.reference->frame.basis, content.reference->frame.basis);
    EXPECT_EQ(again.state.evidence(), content.state.evidence());
    EXPECT_EQ(again.state.reset, content.state.reset);
    const auto same = compare(*again.reference, again.sums);
    EXPECT_EQ(same.embedding.p, readings.embedding.p);
    EXPECT_EQ(same.classes.p, readings.classes.p);
    EXPECT_EQ(to_content(again).text, to_content(content).text);
}

TEST(Content, DamagedTextIsCorrupt) {
    EXPECT_EQ(from_content({"{"}).error().code, Code::Corrupt);
    EXPECT_EQ(from_content({"{}"}).error().code, Code::Corrupt);
}

}  // namespace
}  // namespace flywheel::monitoring
