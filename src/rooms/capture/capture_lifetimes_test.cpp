// SPDX-License-Identifier: Apache-2.0
// What capture forgets when, over simulated years; and call number n of the columns fails
// meanwhile.
#include <gtest/gtest.h>

#include "ports/columns/faulty_columns.h"
#include "ports/columns/memory_columns.h"
#include "ports/columns/parquet/parquet_columns.h"
#include "ports/columns/sample_rows.h"
#include "ports/journal/memory_journal.h"
#include "rooms/capture/capture.h"
#include "temp_folder.h"

namespace flywheel {
namespace {

using testing::sample_day;

/// What is left of the rows.
struct Left {
    std::size_t rows = 0;
    std::size_t payloads = 0;
    std::size_t embeddings = 0;
    std::size_t feedback = 0;

    bool operator==(const Left&) const = default;
};

/// One row and one line of feedback a day, rolled every day.
class Year {
  public:
    explicit Year(Columns& columns) : columns_(columns) { open(); }

    void open() {
        Capture::Plan plan;
        plan.key = key_;
        plan.forget = [this](const std::vector<Digest>& payloads) {
            forgotten_ += payloads.size();
            return Result<CopiesGone>(CopiesGone{});
        };
        auto opened = Capture::open(std::move(plan), journal_, columns_, clock_);
        capture_ = opened ? *std::move(opened) : nullptr;
    }

    void live(int days) {
        for (int day = 0; day < days; ++day) {
            clock_.set(sample_day(day));
            while (!capture_) {
                open();
            }
            Prediction row = testing::sample_prediction(sample_day(day), rng_);
            row.raw_subject = day % 10 == 0 ? "ann" : "ben";
            const Feedback said = testing::sample_feedback(row.request_id, sample_day(day), rng_);
            capture_->record(std::move(row));
            ASSERT_TRUE(capture_->submit_feedback({said}));
            roll();
        }
    }

    /// As the roller does: what did not work is done by the next call.
    void roll() {
        ASSERT_TRUE(capture_->seal());
        for (int tries = 0; !capture_->roll(); ++tries) {
            ASSERT_LT(tries, 3);
        }
    }

    int erase(const std::string& subject) {
        int tries = 1;
        while (!capture_->erase(subject)) {
            ++tries;
        }
        return tries;
    }

    [[nodiscard]] Left left() const {
        Left left;
        EXPECT_TRUE(capture_->each_prediction(
            "news",
            kAllTimes,
            RowParts::Whole,
            [&](const Prediction& row) -> Result<void> {
                ++left.rows;
                left.embeddings += row.embedding.empty() ? 0 : 1;
                return {};
            }
        ));
        const auto rows = capture_->predictions("news", kAllTimes).value();
        for (const Prediction& row : rows) {
            left.payloads += row.payload.empty() ? 0 : 1;
        }
        left.feedback = capture_->feedback("news", kAllTimes)->size();
        return left;
    }

    [[nodiscard]] std::size_t forgotten() const { return forgotten_; }

    ManualClock& clock() { return clock_; }

    Capture& capture() { return *capture_; }

  private:
    Rng rng_{5};
    SecretKey key_;
    ManualClock clock_{sample_day(0)};
    MemoryJournal journal_;
    Columns& columns_;
    std::size_t forgotten_ = 0;
    std::unique_ptr<Capture> capture_;
};

TEST(CaptureLifetimes, LetEachFieldLiveAsLongAsItMay) {
    MemoryColumns columns;
    Year year(columns);
    year.live(1000);
    // Of the days 0 to 999, at the beginning of day 999: whole days only.
    EXPECT_EQ(year.left(), (Left{401, 31, 181, 401}));
    EXPECT_EQ(year.capture().counters().expired_rows, 2U * 599U);
}

TEST(CaptureLifetimes, AreTheSameInParquet) {
    const testing::TempFolder folder;
    auto columns = ParquetColumns::open(folder.path()).value();
    Year year(*columns);
    year.live(40);
    year.clock().set(sample_day(215));
    year.roll();
    EXPECT_EQ(year.left(), (Left{40, 0, 5, 40}));
    year.clock().set(sample_day(420));
    year.roll();
    EXPECT_EQ(year.left(), (Left{20, 0, 0, 20}));
}

TEST(CaptureLifetimes, AreKeptOnceADay) {
    MemoryColumns inner;
    const FaultPlan plan;
    FaultyColumns columns(inner, plan);
    Year year(columns);
    year.live(1);
    const int before = *plan.calls;
    year.roll();
    EXPECT_LE(*plan.calls - before, 2) << "nothing was rolled and the day is the same";
}

TEST(CaptureLifetimes, EndAlikeWhicheverCallOfTheColumnsFails) {
    for (const FaultMode mode : {FaultMode::Fail, FaultMode::FailAfterDone}) {
        for (int n = 1;; ++n) {
            SCOPED_TRACE(n);
            MemoryColumns inner;
            const FaultPlan plan{.fail_at = n, .mode = mode};
            FaultyColumns columns(inner, plan);
            Year year(columns);
            year.live(32);
            EXPECT_LE(year.erase("ann"), 2);
            EXPECT_EQ(year.forgotten() % 4, 0U) << "all of hers, once or again";
            EXPECT_GE(year.forgotten(), 4U);
            year.clock().set(sample_day(60));
            year.roll();
            if (*plan.calls < n) {
                break;  // nothing failed: what follows would
            }
            EXPECT_EQ(year.left(), (Left{28, 1, 28, 28}));
        }
    }
}

}  // namespace
}  // namespace flywheel
