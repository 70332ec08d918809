// SPDX-License-Identifier: Apache-2.0
// What capture keeps when rules say less than everything, when the sink is down and when the disk
// fills up: every row is accounted for, and memory stays within its bound.
#include <atomic>
#include <cmath>
#include <memory>
#include <thread>

#include <gtest/gtest.h>

#include "ports/columns/memory_columns.h"
#include "ports/columns/sample_rows.h"
#include "ports/journal/absent_journal.h"
#include "rooms/capture/capture.h"

namespace flywheel {
namespace {

using testing::sample_day;
using testing::sample_feedback;
using testing::sample_prediction;

struct PressedRig {
    AbsentJournal journal;
    MemoryColumns columns;
    ManualClock clock{sample_day(5)};
    Rng rng{4};
    std::shared_ptr<DiskUse> disk = std::make_shared<DiskUse>();
    std::unique_ptr<Capture> capture;

    explicit PressedRig(Capture::Plan plan = {}) {
        plan.disk = [seen = disk] { return *seen; };
        capture = Capture::open(std::move(plan), journal, columns, clock).value();
    }

    void record(int rows) {
        for (int i = 0; i < rows; ++i) {
            capture->record(sample_prediction(sample_day(1), rng));
        }
    }
};

void expect_every_row_accounted_for(const CaptureCounters& counters, std::uint64_t served) {
    EXPECT_EQ(counters.recorded, served);
    EXPECT_EQ(counters.captured + counters.sampled_away + counters.dropped, served);
    EXPECT_EQ(
        counters.dropped, counters.dropped_buffer + counters.dropped_disk + counters.dropped_error
    );
}

TEST(CaptureUnderRules, StoresWhichRuleKeptARowAndHowLikely) {
    Capture::Plan plan;
    plan.policy =
        CapturePolicy::make({{"head", "", 0.1}, {"errors", "status >= 500", 1}}, 1).value();
    PressedRig rig(std::move(plan));
    constexpr int kRows = 2000;
    for (int i = 0; i < kRows; ++i) {
        Prediction row = sample_prediction(sample_day(1), rig.rng);
        row.propensity = 1;
        row.route = Route::Stable;
        row.status = i % 100 == 0 ? 503 : 200;
        rig.capture->record(std::move(row));
    }
    ASSERT_TRUE(rig.capture->flush());
    const auto counters = rig.capture->counters();
    expect_every_row_accounted_for(counters, kRows);
    ASSERT_EQ(counters.kept.size(), 2U);
    EXPECT_EQ(counters.kept[1], (std::pair<std::string, std::uint64_t>("errors", 20)));
    const auto rows = rig.capture->predictions("news", kAllTimes).value();
    EXPECT_EQ(rows.size(), counters.kept[0].second);
    double estimate = 0;
    for (const Prediction& row : rows) {
        EXPECT_EQ(row.policy, "head");
        EXPECT_EQ(row.propensity, 0.1);
        estimate += 1 / row.propensity;
    }
    const double good = kRows * 0.99;
    EXPECT_NEAR(estimate, good, 4 * std::sqrt(good * 0.9 / 0.1));
}

TEST(CaptureUnderRules, KnowsWhetherAnIncidentIsOpen) {
    Capture::Plan plan;
    plan.policy =
        CapturePolicy::make({{"calm", "", 1e-9}, {"alarm", "incident == true", 1}}, 1).value();
    PressedRig rig(std::move(plan));
    rig.record(50);
    rig.capture->set_incident(true);
    rig.record(50);
    EXPECT_EQ(rig.capture->counters().kept[1].second, 50U);
    EXPECT_EQ(rig.capture->counters().sampled_away, 50U);
}

TEST(CaptureUnderPressure, AccountsForEveryRowWhileTheSinkIsDown) {
    constexpr int kThreads = 4;
    constexpr int kRows = 4000;
    constexpr std::size_t kBuffer = 32U << 10U;
    Capture::Plan plan;
    plan.buffer_bytes = kBuffer;
    PressedRig rig(std::move(plan));
    rig.capture->start();
    rig.journal.down = true;
    std::atomic<std::uint64_t> most = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([&rig, &most, t] {
            Rng rng(100 + static_cast<std::uint64_t>(t));
            for (int i = 0; i < kRows; ++i) {
                rig.capture->record(sample_prediction(sample_day(1), rng));
                if (i % 50 == 0) {
                    static_cast<void>(rig.capture->flush());
                    most = std::max(most.load(), rig.capture->counters().memory_bytes);
                }
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    EXPECT_LE(most, 2 * 8 * kBuffer) << "the bound that the README states";
    const auto during = rig.capture->counters();
    EXPECT_EQ(during.captured, 0U);
    EXPECT_GT(during.sampled_away, 0U);
    EXPECT_GT(during.dropped_buffer, 0U);
    EXPECT_GE(during.level, PressureLevel::Sample);
    rig.journal.down = false;
    ASSERT_TRUE(rig.capture->stop());
    const auto counters = rig.capture->counters();
    expect_every_row_accounted_for(counters, kThreads * kRows);
    EXPECT_GT(counters.captured, 0U);
    EXPECT_EQ(counters.dropped_error, 0U) << "what waited when the sink came back is written";
    EXPECT_EQ(counters.memory_bytes, 0U);
    std::size_t sampled = 0;
    const auto rows = rig.capture->predictions("news", kAllTimes).value();
    for (const Prediction& row : rows) {
        sampled += row.propensity < 0.25 ? 1 : 0;
        EXPECT_TRUE(row.thin || row.propensity >= 0.25) << "kept at level 2, so thinned as well";
    }
    EXPECT_GT(sampled, 0U) << "sample_prediction says 0.25, pressure a tenth of it";
}

TEST(CaptureUnderPressure, SamplesWhenOneThreadFillsTheBuffersBetweenTwoLooks) {
    Capture::Plan plan;
    plan.buffer_bytes = 4U << 10U;
    PressedRig rig(std::move(plan));
    rig.journal.down = true;
    rig.record(5);
    EXPECT_FALSE(rig.capture->flush());
    rig.record(200);  // far more than finds room, and too much to go behind what waits already
    EXPECT_FALSE(rig.capture->flush());
    EXPECT_EQ(rig.capture->counters().level, PressureLevel::Drop);
    rig.record(200);
    EXPECT_GT(rig.capture->counters().sampled_away, 150U);
    rig.journal.down = false;
    ASSERT_TRUE(rig.capture->stop());
    expect_every_row_accounted_for(rig.capture->counters(), 405);
    EXPECT_EQ(rig.capture->counters().dropped_error, 0U);
}

TEST(CaptureUnderPressure, LeavesOutThreePayloadsInFourWhenTheDiskFillsUp) {
    PressedRig rig;
    *rig.disk = {.used = 75, .limit = 100};
    ASSERT_TRUE(rig.capture->flush());
    constexpr int kRows = 2000;
    rig.record(kRows);
    ASSERT_TRUE(rig.capture->flush());
    const auto counters = rig.capture->counters();
    EXPECT_EQ(counters.level, PressureLevel::Thin);
    EXPECT_EQ(counters.captured, static_cast<std::uint64_t>(kRows)) << "every row stays";
    int with_payload = 0;
    const auto rows = rig.capture->predictions("news", kAllTimes).value();
    for (const Prediction& row : rows) {
        EXPECT_TRUE(row.thin);
        EXPECT_EQ(row.payload.empty(), row.embedding.empty());
        EXPECT_FALSE(row.payload_digest.is_zero());
        EXPECT_EQ(row.payload_propensity(), row.propensity / 4);
        with_payload += row.payload.empty() ? 0 : 1;
    }
    EXPECT_NEAR(with_payload, kRows / 4, 4 * std::sqrt(kRows * 0.25 * 0.75));
}

TEST(CaptureUnderPressure, DropsRowsForAFullDiskButTakesFeedback) {
    Capture::Plan plan;
    plan.feedback_reserve = 10;
    PressedRig rig(std::move(plan));
    *rig.disk = {.used = 96, .limit = 100};
    ASSERT_TRUE(rig.capture->flush());
    rig.record(30);
    EXPECT_EQ(rig.capture->counters().dropped_disk, 30U);
    EXPECT_TRUE(rig.capture->submit_feedback({sample_feedback("r", sample_day(1), rig.rng)}));
    expect_every_row_accounted_for(rig.capture->counters(), 30);
}

TEST(CaptureUnderPressure, RefusesFeedbackWhenNotEvenItsReserveIsLeft) {
    Capture::Plan plan;
    plan.feedback_reserve = 10;
    PressedRig rig(std::move(plan));
    *rig.disk = {.used = 111, .limit = 100};
    ASSERT_TRUE(rig.capture->flush());
    const auto refused =
        rig.capture->submit_feedback({sample_feedback("r", sample_day(1), rig.rng)});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::Unavailable);
    EXPECT_EQ(rig.capture->counters().feedback_accepted, 0U);
}

}  // namespace
}  // namespace flywheel
