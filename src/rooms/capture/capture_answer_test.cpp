// SPDX-License-Identifier: Apache-2.0
// capture.sync = "answer": who waits for a row is told when it is durable, and never too early.
#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "ports/columns/memory_columns.h"
#include "ports/columns/sample_rows.h"
#include "ports/journal/absent_journal.h"
#include "ports/journal/faulty_journal.h"
#include "rooms/capture/capture.h"

namespace flywheel {
namespace {

using testing::sample_day;

struct AnswerRig {
    AbsentJournal journal;
    MemoryColumns columns;
    ManualClock clock{sample_day(5)};
    Rng rng{4};
    std::unique_ptr<Capture> capture;
    std::vector<Result<void>> told;

    explicit AnswerRig(SyncMode sync = SyncMode::Answer, std::size_t buffer_bytes = 1U << 20U) {
        Capture::Plan plan;
        plan.sync = sync;
        plan.buffer_bytes = buffer_bytes;
        capture = Capture::open(std::move(plan), journal, columns, clock).value();
        // Rows that an earlier test dropped on this thread are not those of the next answer.
        capture->when_durable([](const Result<void>&) {});
        CHECK(capture->flush().has_value());
    }

    void ask() {
        capture->record(testing::sample_prediction(sample_day(1), rng));
        capture->when_durable([this](Result<void> outcome) { told.push_back(std::move(outcome)); });
    }
};

TEST(AnswerMode, TellsThatRowsAreDurableOnlyWhenTheyAre) {
    AnswerRig rig;
    EXPECT_TRUE(rig.capture->answers_wait());
    rig.ask();
    rig.ask();
    EXPECT_TRUE(rig.told.empty());
    ASSERT_TRUE(rig.capture->flush());
    ASSERT_EQ(rig.told.size(), 2U);
    EXPECT_TRUE(rig.told[0]);
    EXPECT_TRUE(rig.told[1]);
    ASSERT_TRUE(rig.capture->flush());
    EXPECT_EQ(rig.told.size(), 2U) << "once each";
}

TEST(AnswerMode, OtherModesTellAtOnce) {
    for (const SyncMode sync : {SyncMode::Interval, SyncMode::Os}) {
        AnswerRig rig(sync);
        EXPECT_FALSE(rig.capture->answers_wait());
        rig.ask();
        ASSERT_EQ(rig.told.size(), 1U);
        EXPECT_TRUE(rig.told[0]);
    }
}

TEST(AnswerMode, TellsThatTheDiskRefuses) {
    AnswerRig rig;
    rig.journal.down = true;
    rig.ask();
    EXPECT_FALSE(rig.capture->flush());
    ASSERT_EQ(rig.told.size(), 1U);
    EXPECT_EQ(rig.told[0].error().code, Code::Unavailable);
    rig.journal.down = false;
    ASSERT_TRUE(rig.capture->flush());
    EXPECT_EQ(rig.capture->counters().captured, 1U) << "the row itself was not lost";
    EXPECT_EQ(rig.told.size(), 1U);
}

TEST(AnswerMode, TellsThatARowWasDropped) {
    AnswerRig rig(SyncMode::Answer, 12);  // eight times that is too little for a row
    rig.ask();
    ASSERT_EQ(rig.told.size(), 1U);
    EXPECT_EQ(rig.told[0].error().code, Code::Unavailable);
    rig.capture->when_durable([&](Result<void> outcome) { rig.told.push_back(outcome); });
    ASSERT_TRUE(rig.capture->flush());
    EXPECT_TRUE(rig.told.at(1)) << "only who recorded it is concerned";
}

TEST(AnswerMode, TellsEverybodyBeforeItStops) {
    AnswerRig rig;
    rig.capture->start();
    for (int i = 0; i < 100; ++i) {
        rig.ask();
    }
    ASSERT_TRUE(rig.capture->stop());
    ASSERT_EQ(rig.told.size(), 100U);
    for (const auto& outcome : rig.told) {
        EXPECT_TRUE(outcome);
    }
}

TEST(AnswerMode, NeverTellsTooEarlyWhicheverCallFails) {
    for (const FaultMode mode : {FaultMode::Fail, FaultMode::FailAfterDone}) {
        for (int n = 1;; ++n) {
            SCOPED_TRACE(n);
            MemoryJournal inner;
            MemoryColumns columns;
            const ManualClock clock(sample_day(5));
            const FaultPlan faults{.fail_at = n, .mode = mode};
            FaultyJournal journal(inner, faults);
            Capture::Plan plan;
            plan.sync = SyncMode::Answer;
            auto capture = Capture::open(plan, journal, columns, clock);
            if (!capture) {
                continue;
            }
            Rng rng(1);
            std::set<Id<Prediction>> promised;
            for (int i = 0; i < 5; ++i) {
                Prediction row = testing::sample_prediction(sample_day(1), rng);
                const auto id = row.id;
                (*capture)->record(std::move(row));
                (*capture)->when_durable([&promised, id](const Result<void>& outcome) {
                    if (outcome) {
                        promised.insert(id);
                    }
                });
                static_cast<void>((*capture)->flush());
            }
            const std::set<Id<Prediction>> known = promised;
            capture->reset();
            inner.crash();
            auto again = Capture::open({}, inner, columns, clock).value();
            std::set<Id<Prediction>> found;
            const auto rows = again->predictions("news", kAllTimes).value();
            for (const Prediction& row : rows) {
                found.insert(row.id);
            }
            EXPECT_TRUE(std::ranges::includes(found, known));
            if (*faults.calls < n) {
                EXPECT_EQ(known.size(), 5U);
                break;
            }
        }
    }
}

}  // namespace
}  // namespace flywheel
