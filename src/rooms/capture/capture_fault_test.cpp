// SPDX-License-Identifier: Apache-2.0
// Call number n of the journal fails, for every n; the disk is full for a while; threads meet.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "ports/columns/memory_columns.h"
#include "ports/columns/sample_rows.h"
#include "ports/journal/faulty_journal.h"
#include "ports/journal/memory_journal.h"
#include "ports/journal/segments/segment_journal.h"
#include "rooms/capture/capture.h"
#include "temp_folder.h"

namespace flywheel {
namespace {

using testing::sample_day;
using testing::sample_feedback;
using testing::sample_prediction;

/// What a run promised to keep.
struct Promised {
    std::set<Uuid> rows;      ///< Recorded before a flush that succeeded.
    std::set<Uuid> feedback;  ///< Acknowledged.
    CaptureCounters counters;
};

/// Some rounds of rows, feedback, flush and roll; errors are met by going on.
Promised run_rounds(Journal& journal, Columns& columns, SyncMode sync) {
    const ManualClock clock(sample_day(5));
    Promised promised;
    auto opened = Capture::open({.sync = sync}, journal, columns, clock);
    if (!opened) {
        return promised;
    }
    Capture& capture = **opened;
    Rng rng(3);
    std::set<Uuid> recorded;
    for (int round = 0; round < 4; ++round) {
        for (int i = 0; i < 5; ++i) {
            Prediction row = sample_prediction(sample_day(round), rng);
            recorded.insert(row.id.uuid);
            capture.record(std::move(row));
        }
        Feedback said = sample_feedback("r" + std::to_string(round), sample_day(round), rng);
        if (capture.submit_feedback({said})) {
            promised.feedback.insert(said.id.uuid);
        }
        if (capture.flush()) {
            promised.rows = recorded;
        }
        if (round % 2 == 1) {
            static_cast<void>(capture.seal());
            static_cast<void>(capture.roll());
        }
    }
    if (capture.stop()) {
        promised.rows = recorded;
    }
    promised.counters = capture.counters();
    return promised;
}

template <class Row>
std::set<Uuid> ids_once(const std::vector<Row>& rows) {
    std::set<Uuid> ids;
    for (const Row& row : rows) {
        EXPECT_TRUE(ids.insert(row.id.uuid).second) << "seen twice";
    }
    return ids;
}

void expect_kept(const Promised& promised, Journal& journal, Columns& columns) {
    const ManualClock clock(sample_day(5));
    auto capture = Capture::open({}, journal, columns, clock);
    ASSERT_TRUE(capture);
    const auto found = (*capture)->predictions("news", kAllTimes).value();
    for (const Prediction& row : found) {
        EXPECT_EQ(sha256(row.payload), row.payload_digest) << "a row came without its payload";
    }
    const auto rows = ids_once(found);
    const auto said = ids_once((*capture)->feedback("news", kAllTimes).value());
    EXPECT_TRUE(std::ranges::includes(rows, promised.rows));
    EXPECT_TRUE(std::ranges::includes(said, promised.feedback));
}

struct FaultCase {
    FaultMode mode;
    SyncMode sync;
};

class CaptureFaults : public ::testing::TestWithParam<FaultCase> {};

TEST_P(CaptureFaults, LoseNothingPromisedWhicheverCallFails) {
    for (int n = 1;; ++n) {
        SCOPED_TRACE(n);
        MemoryJournal inner;
        MemoryColumns columns;
        const FaultPlan plan{.fail_at = n, .mode = GetParam().mode};
        FaultyJournal journal(inner, plan);
        const Promised promised = run_rounds(journal, columns, GetParam().sync);
        const auto& counters = promised.counters;
        EXPECT_EQ(counters.captured + counters.sampled_away + counters.dropped, counters.recorded);
        if (n > 1) {  // call 1 is made by open(), which then fails
            EXPECT_EQ(promised.rows.size(), 20U);
            EXPECT_GE(promised.feedback.size(), 3U);
        }
        inner.crash();
        expect_kept(promised, inner, columns);
        if (*plan.calls < n) {
            break;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(
    Modes,
    CaptureFaults,
    ::testing::Values(
        FaultCase{FaultMode::Fail, SyncMode::Interval},
        FaultCase{FaultMode::FailAfterDone, SyncMode::Interval},
        FaultCase{FaultMode::Fail, SyncMode::Os},
        FaultCase{FaultMode::FailAfterDone, SyncMode::Os}
    )
);

TEST(CaptureFaults, LoseNothingPromisedWhenThePowerFails) {
    MemoryJournal journal;
    MemoryColumns columns;
    const ManualClock clock(sample_day(5));
    Rng rng(1);
    {
        auto capture = Capture::open({}, journal, columns, clock).value();
        capture->record(sample_prediction(sample_day(1), rng));
        ASSERT_TRUE(capture->flush());
        capture->record(sample_prediction(sample_day(1), rng));
        journal.crash();
        auto next = Capture::open({}, journal, columns, clock).value();
        EXPECT_EQ(next->predictions("news", kAllTimes)->size(), 1U);
    }
}

/// Fills up and gets free again.
struct Disk {
    std::shared_ptr<std::atomic<bool>> full = std::make_shared<std::atomic<bool>>(false);

    int operator()(std::string_view call) const {
        if (call == "fdatasync" || call == "fsync") {
            return *full ? ENOSPC : kPretendItWorked;
        }
        return *full && (call == "write" || call == "create") ? ENOSPC : 0;
    }
};

TEST(CaptureOnAFullDisk, AnswersDropsCountsAndRecovers) {
    const testing::TempFolder folder;
    const Disk disk;
    auto journal = SegmentJournal::open(folder.path(), {.fault = disk}).value();
    MemoryColumns columns;
    const ManualClock clock(sample_day(5));
    auto capture = Capture::open({.buffer_bytes = 64U << 10U}, *journal, columns, clock).value();
    Rng rng(2);
    const auto record = [&](int rows) {
        for (int i = 0; i < rows; ++i) {
            capture->record(sample_prediction(sample_day(1), rng));
        }
    };
    record(10);
    ASSERT_TRUE(capture->flush());
    *disk.full = true;
    std::uint64_t most = 0;
    for (int i = 0; i < 90; ++i) {
        record(100);
        const auto refused = capture->flush();
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, Code::Unavailable);
        most = std::max(most, capture->counters().memory_bytes);
    }
    const auto said = sample_feedback("r", sample_day(1), rng);
    EXPECT_EQ(capture->submit_feedback({said}).error().code, Code::Unavailable);
    EXPECT_LE(most, 2 * 8 * (64U << 10U)) << "bounded";
    EXPECT_GT(capture->counters().dropped, 0U);
    EXPECT_EQ(capture->predictions("news", kAllTimes)->size(), 10U) << "questions are answered";

    *disk.full = false;
    EXPECT_EQ(capture->submit_feedback({said})->accepted, 1) << "refused is not known";
    record(10);
    ASSERT_TRUE(capture->flush());
    const auto counters = capture->counters();
    EXPECT_EQ(counters.recorded, 9020U);
    EXPECT_EQ(counters.captured + counters.sampled_away + counters.dropped, 9020U);
    EXPECT_EQ(capture->predictions("news", kAllTimes)->size(), counters.captured);
    EXPECT_EQ(capture->feedback("news", kAllTimes)->size(), 1U);
}

TEST(CaptureOnAFullDisk, CountsAsDroppedWhatItCannotWriteAtTheEnd) {
    const testing::TempFolder folder;
    const Disk disk;
    auto journal = SegmentJournal::open(folder.path(), {.fault = disk}).value();
    MemoryColumns columns;
    const ManualClock clock(sample_day(5));
    auto capture = Capture::open({}, *journal, columns, clock).value();
    capture->start();
    Rng rng(2);
    *disk.full = true;
    capture->record(sample_prediction(sample_day(1), rng));
    EXPECT_EQ(capture->stop().error().code, Code::Unavailable);
    EXPECT_EQ(capture->counters().dropped, 1U);
    EXPECT_EQ(capture->counters().memory_bytes, 0U);
}

TEST(CaptureFromManyThreads, CountsAndShowsEveryRowOnce) {
    constexpr int kThreads = 4;
    constexpr int kRows = 1500;
    const testing::TempFolder folder;
    auto journal =
        SegmentJournal::open(folder.path(), {.segment_bytes = 256U << 10U, .fault = Disk()})
            .value();
    MemoryColumns columns;
    const ManualClock clock(sample_day(5));
    auto capture = Capture::open({.buffer_bytes = 32U << 10U}, *journal, columns, clock).value();
    capture->start();
    std::atomic<int> running = kThreads;
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([&, t] {
            Rng rng(100 + t);
            for (int i = 0; i < kRows; ++i) {
                Prediction row = sample_prediction(sample_day(1), rng);
                const std::string id = row.request_id;
                capture->record(std::move(row));
                if (i % 100 == 0) {
                    const auto said = sample_feedback(id, sample_day(2), rng);
                    EXPECT_EQ(capture->submit_feedback({said})->accepted, 1);
                }
            }
            --running;
        });
    }
    std::size_t seen = 0;
    while (running > 0) {
        EXPECT_TRUE(capture->roll());
        const auto rows = capture->predictions("news", kAllTimes);
        ASSERT_TRUE(rows);
        EXPECT_GE(ids_once(*rows).size(), seen) << "no row is ever missing again";
        seen = rows->size();
        static_cast<void>(capture->counters());
    }
    for (auto& thread : threads) {
        thread.join();
    }
    ASSERT_TRUE(capture->stop());
    ASSERT_TRUE(capture->roll());
    const auto counters = capture->counters();
    EXPECT_EQ(counters.recorded, static_cast<std::uint64_t>(kThreads * kRows));
    EXPECT_EQ(counters.captured + counters.sampled_away + counters.dropped, counters.recorded);
    EXPECT_EQ(capture->predictions("news", kAllTimes)->size(), counters.captured);
    EXPECT_EQ(capture->feedback("news", kAllTimes)->size(), kThreads * kRows / 100U);
}

}  // namespace
}  // namespace flywheel
