// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/capture.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "ports/columns/parquet/parquet_columns.h"
#include "ports/columns/sample_rows.h"
#include "ports/journal/segments/segment_journal.h"
#include "temp_folder.h"

namespace flywheel {
namespace {

namespace fs = std::filesystem;
using testing::same;
using testing::sample_day;
using testing::sample_feedback;
using testing::sample_prediction;

/// Capture over the real journal and the real columns; reopened as after a restart.
class CaptureTest : public ::testing::Test {
  protected:
    void SetUp() override { reopen(); }

    void reopen(Capture::Plan plan = {}) {
        capture_.reset();
        journal_.reset();
        columns_.reset();
        auto journal = SegmentJournal::open(folder_.path() / "journal", {});
        ASSERT_TRUE(journal);
        journal_ = *std::move(journal);
        auto columns = ParquetColumns::open(folder_.path() / "columns");
        ASSERT_TRUE(columns);
        columns_ = *std::move(columns);
        auto capture = Capture::open(plan, *journal_, *columns_, clock_);
        ASSERT_TRUE(capture);
        capture_ = *std::move(capture);
    }

    Prediction record(Time time) {
        Prediction row = sample_prediction(time, rng_);
        capture_->record(Prediction(row));
        return row;
    }

    std::vector<Prediction> record_days(int days, int per_day) {
        std::vector<Prediction> rows;
        for (int i = 0; i < days * per_day; ++i) {
            rows.push_back(record(sample_day(i / per_day) + std::chrono::seconds(i % per_day)));
        }
        return rows;
    }

    std::vector<Prediction> rows(TimeRange range = kAllTimes) {
        auto found = capture_->predictions("news", range);
        EXPECT_TRUE(found) << (found ? "" : found.error().message);
        return *std::move(found);
    }

    void roll_everything() {
        ASSERT_TRUE(capture_->seal());
        const auto report = capture_->roll();
        ASSERT_TRUE(report) << report.error().message;
    }

    FeedbackReceipt submit(const Feedback& said) {
        auto receipt = capture_->submit_feedback({said});
        EXPECT_TRUE(receipt);
        return *receipt;
    }

    testing::TempFolder folder_;
    ManualClock clock_{sample_day(10)};
    Rng rng_{7};
    std::unique_ptr<Journal> journal_;
    std::unique_ptr<Columns> columns_;
    std::unique_ptr<Capture> capture_;
};

TEST_F(CaptureTest, ShowsRowsFromJournalAndColumnsEachOnceInOrder) {
    auto first = record_days(3, 5);
    ASSERT_TRUE(capture_->flush());
    EXPECT_TRUE(same(rows(), first));
    roll_everything();
    EXPECT_TRUE(same(rows(), first)) << "now from the columns";
    EXPECT_TRUE(journal_->sealed()->empty());
    const auto late = record(sample_day(1) + std::chrono::hours(3));
    ASSERT_TRUE(capture_->flush());
    first.insert(first.begin() + 10, late);
    EXPECT_TRUE(same(rows(), first)) << "from both";
    EXPECT_TRUE(same(
        rows({sample_day(1), sample_day(2)}),
        std::vector<Prediction>(first.begin() + 5, first.begin() + 11)
    ));
    reopen();
    EXPECT_TRUE(same(rows(), first)) << "after a restart";
}

TEST_F(CaptureTest, GivesTheNewestPayloadsOfAModel) {
    for (const char* text : {"first", "second", "third"}) {
        Prediction row = sample_prediction(sample_day(1), rng_);
        row.payload = text;
        row.media_type = kTextPayload;
        row.status = 200;
        capture_->record(std::move(row));
        ASSERT_TRUE(capture_->flush());
    }
    Prediction failed = sample_prediction(sample_day(1), rng_);
    failed.status = 500;
    failed.payload = "failed";
    capture_->record(std::move(failed));
    capture_->record(sample_prediction(sample_day(1), rng_, "other"));
    ASSERT_TRUE(capture_->flush());
    const std::string type(kTextPayload);
    EXPECT_EQ(
        capture_->recent_payloads("news", 2).value(),
        (std::vector<CapturedPayload>{{type, "third"}, {type, "second"}})
    );
    EXPECT_EQ(capture_->recent_payloads("news", 9)->size(), 3U);
    EXPECT_TRUE(capture_->recent_payloads("nobody", 9)->empty());
    roll_everything();
    EXPECT_TRUE(capture_->recent_payloads("news", 9)->empty());  // no longer in the journal
}

TEST_F(CaptureTest, ShowsOnlyGoodRowsThatUsersWereAnswered) {
    const auto time = sample_day(1);
    const Prediction good = record(time);
    for (const Route route : {Route::Pinned, Route::Shadow}) {
        Prediction row = sample_prediction(time, rng_);
        row.route = route;
        capture_->record(std::move(row));
    }
    Prediction failed = sample_prediction(time, rng_);
    failed.status = 503;
    const Id<Prediction> failed_id = failed.id;
    capture_->record(std::move(failed));
    capture_->record(sample_prediction(time, rng_, "other"));
    ASSERT_TRUE(capture_->flush());
    EXPECT_TRUE(same(rows(), {good}));
    EXPECT_EQ(capture_->find("news", failed_id.text())->rows.size(), 1U);
    roll_everything();
    EXPECT_TRUE(same(rows(), {good}));
    EXPECT_EQ(capture_->counters().rolled_rows, 5U);
}

TEST_F(CaptureTest, FindsRequestsInJournalAndColumns) {
    Prediction named = sample_prediction(sample_day(2), rng_);
    named.request_id = "order 17/b";
    std::vector<Prediction> batch;
    for (std::uint16_t i = 0; i < 3; ++i) {
        batch.push_back(sample_prediction(sample_day(3), rng_));
        batch[i].id.uuid = batch[0].id.uuid.with_row(i);
        batch[i].request_id = batch[0].id.text();
        capture_->record(Prediction(batch[i]));
    }
    capture_->record(Prediction(named));
    Feedback about_row = sample_feedback(batch[2].id.text(), sample_day(5), rng_);
    Feedback about_name = sample_feedback("order 17/b", sample_day(6), rng_);
    submit(about_row);
    submit(about_name);

    for (const char* stage : {"journal", "columns", "after a restart"}) {
        SCOPED_TRACE(stage);
        auto found = capture_->find("news", "order 17/b");
        ASSERT_TRUE(found);
        ASSERT_EQ(found->rows.size(), 1U);
        EXPECT_EQ(found->rows[0].id, named.id);
        EXPECT_TRUE(same(found->feedback, {about_name}));
        EXPECT_EQ(capture_->find("news", named.id.text())->feedback.size(), 1U);

        found = capture_->find("news", batch[0].id.text());
        ASSERT_TRUE(found);
        ASSERT_EQ(found->rows.size(), 3U);
        for (std::uint16_t i = 0; i < 3; ++i) {
            EXPECT_EQ(found->rows[i].id, batch[i].id);
        }
        EXPECT_TRUE(same(found->feedback, {about_row}));
        EXPECT_EQ(capture_->find("news", batch[1].id.text())->rows.size(), 1U);

        EXPECT_EQ(capture_->find("other", "order 17/b").error().code, Code::NotFound);
        EXPECT_EQ(capture_->find("news", "order 18").error().code, Code::NotFound);
        if (std::string(stage) == "journal") {
            roll_everything();
        } else {
            reopen();
        }
    }
}

TEST_F(CaptureTest, FindsAllAttemptsUnderOneClientId) {
    for (int i = 0; i < 3; ++i) {
        Prediction row = sample_prediction(sample_day(i), rng_);
        row.request_id = "retried";
        capture_->record(std::move(row));
        roll_everything();
    }
    EXPECT_EQ(capture_->find("news", "retried")->rows.size(), 3U);
}

TEST_F(CaptureTest, SaysWhichAttemptFeedbackIsAbout) {
    std::vector<Prediction> attempts;
    for (const int status : {200, 503}) {
        Prediction row = sample_prediction(sample_day(static_cast<int>(attempts.size())), rng_);
        row.request_id = "retried";
        row.status = status;
        attempts.push_back(row);
        capture_->record(std::move(row));
    }
    const Feedback said = sample_feedback("retried", sample_day(5), rng_);
    submit(said);
    for (const char* stage : {"journal", "columns"}) {
        SCOPED_TRACE(stage);
        for (const std::string& id :
             {std::string("retried"), attempts[0].id.text(), attempts[1].id.text()}) {
            SCOPED_TRACE(id);
            const auto found = capture_->find("news", id);
            ASSERT_TRUE(found);
            EXPECT_TRUE(same(found->feedback, {said}));
            EXPECT_EQ(found->about, std::vector{attempts[0].id}) << "the second was not answered";
        }
        roll_everything();
    }
}

TEST_F(CaptureTest, FindsAClientsIdAfterAStartWithoutReadingOtherDays) {
    for (int i = 0; i < 60; ++i) {
        Prediction row = sample_prediction(sample_day(i), rng_);
        row.request_id = "order " + std::to_string(i);
        submit(sample_feedback(row.request_id, row.time, rng_));
        capture_->record(std::move(row));
    }
    roll_everything();
    for (const auto& file : fs::recursive_directory_iterator(folder_.path() / "columns")) {
        const bool of_its_day =
            file.path().string().find(to_date(sample_day(7))) != std::string::npos;
        if (file.path().extension() == ".parquet" && !of_its_day) {
            std::ofstream(file.path()) << "who reads this fails";
        }
    }
    reopen();
    const auto found = capture_->find("news", "order 7");
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(found->rows.size(), 1U);
    EXPECT_EQ(found->feedback.size(), 1U);
    EXPECT_EQ(capture_->find("news", "order 60").error().code, Code::NotFound);
}

TEST_F(CaptureTest, TakesTheSameFeedbackOnce) {
    const Prediction row = record(sample_day(1));
    Feedback said = sample_feedback(row.request_id, sample_day(2), rng_);
    const auto again = [&](const std::string& label, FeedbackKind kind = FeedbackKind::Label) {
        said.id = Id<Feedback>::random(sample_day(2), rng_);
        said.label = label;
        said.kind = kind;
        return submit(said).accepted;
    };
    EXPECT_EQ(again("sports"), 1);
    EXPECT_EQ(again("sports"), 0);
    EXPECT_EQ(again("politics"), 1) << "another value";
    EXPECT_EQ(again("sports"), 1) << "the last word counts, so this is new";
    EXPECT_EQ(again("", FeedbackKind::Retract), 1);
    EXPECT_EQ(again("", FeedbackKind::Retract), 0);
    EXPECT_EQ(again("sports"), 1) << "said anew after a retraction";
    for (const char* stage : {"restart", "columns", "restart with columns"}) {
        SCOPED_TRACE(stage);
        if (std::string(stage) == "columns") {
            roll_everything();
        } else {
            reopen();
        }
        EXPECT_EQ(again("sports"), 0);
        const auto all = capture_->feedback("news", kAllTimes);
        ASSERT_EQ(all->size(), 5U);
        EXPECT_EQ(all->front().label, "sports");
        EXPECT_EQ((*all)[1].label, "politics");
        EXPECT_EQ((*all)[3].kind, FeedbackKind::Retract);
    }
}

TEST_F(CaptureTest, CountsABatchOfFeedbackByWhatIsNew) {
    std::vector<Feedback> batch;
    for (int i = 0; i < 10; ++i) {
        batch.push_back(sample_feedback("r" + std::to_string(i % 4), sample_day(2), rng_));
    }
    const auto receipt = capture_->submit_feedback(batch);
    ASSERT_TRUE(receipt);
    EXPECT_EQ(receipt->accepted, 4);
    EXPECT_EQ(receipt->duplicate, 6);
    const auto counters = capture_->counters();
    EXPECT_EQ(counters.feedback_accepted, 4U);
    EXPECT_EQ(counters.feedback_duplicate, 6U);
    EXPECT_EQ(counters.orphans, 4U);
    EXPECT_EQ(capture_->submit_feedback({})->accepted, 0);
}

TEST_F(CaptureTest, KeepsFeedbackWhoseRowIsUnknownUntilItComes) {
    Prediction late = sample_prediction(sample_day(1), rng_);
    submit(sample_feedback(late.request_id, sample_day(2), rng_));
    submit(sample_feedback("never", sample_day(2), rng_));
    EXPECT_EQ(capture_->counters().orphans, 2U);
    EXPECT_EQ(capture_->find("news", "never")->feedback.size(), 1U);
    reopen();
    EXPECT_EQ(capture_->counters().orphans, 2U);
    capture_->record(Prediction(late));
    ASSERT_TRUE(capture_->flush());
    EXPECT_EQ(capture_->counters().orphans, 1U);
    EXPECT_EQ(capture_->find("news", late.request_id)->feedback.size(), 1U);
}

TEST_F(CaptureTest, LooksInTheColumnsForTheRowsOfOrphans) {
    const Prediction row = record(sample_day(1));
    roll_everything();
    submit(sample_feedback(row.request_id, sample_day(9), rng_));
    submit(sample_feedback("never", sample_day(9), rng_));
    EXPECT_EQ(capture_->counters().orphans, 2U) << "not in the journal";
    ASSERT_TRUE(capture_->roll());
    EXPECT_EQ(capture_->counters().orphans, 1U);
}

TEST_F(CaptureTest, LetsOrphansWaitThirtyDays) {
    const Prediction row = record(sample_day(1));
    submit(sample_feedback(row.request_id, sample_day(9), rng_));
    submit(sample_feedback("never", sample_day(8), rng_));
    Feedback again = sample_feedback("never", sample_day(9), rng_);
    again.label = "sports";
    submit(again);
    submit(sample_feedback("never, either", sample_day(10), rng_));
    const auto look = [&](int day) {
        clock_.set(sample_day(day));
        const auto rolled = capture_->roll();
        EXPECT_TRUE(rolled) << (rolled ? "" : rolled.error().message);
        const auto counters = capture_->counters();
        return std::pair(counters.orphans, counters.feedback_expired);
    };
    EXPECT_EQ(look(10), std::pair(2UL, 0UL));
    roll_everything();
    EXPECT_EQ(look(38), std::pair(2UL, 0UL));
    reopen();
    EXPECT_EQ(look(38), std::pair(2UL, 0UL)) << "known from the columns, rows served long before";
    EXPECT_EQ(look(39), std::pair(1UL, 1UL)) << "30 days from the newest";
    reopen();
    EXPECT_EQ(look(39), std::pair(1UL, 0UL));
    Prediction late = sample_prediction(sample_day(39), rng_);
    late.request_id = "never, either";
    capture_->record(std::move(late));
    ASSERT_TRUE(capture_->flush());
    EXPECT_EQ(look(60), std::pair(0UL, 0UL)) << "its row has come";
    EXPECT_EQ(capture_->find("news", "never")->feedback.size(), 2U) << "still readable";
}

TEST_F(CaptureTest, DropsRowsThatDoNotFitAndCountsThem) {
    reopen({.buffer_bytes = 1024});  // eight buffers share eight times that
    for (int i = 0; i < 100; ++i) {
        record(sample_day(1));
    }
    auto counters = capture_->counters();
    EXPECT_EQ(counters.recorded, 100U);
    EXPECT_GT(counters.dropped, 50U);
    EXPECT_LE(counters.memory_bytes, 8192U);
    ASSERT_TRUE(capture_->flush());
    record(sample_day(1));
    ASSERT_TRUE(capture_->flush());
    counters = capture_->counters();
    EXPECT_EQ(counters.captured + counters.sampled_away + counters.dropped, 101U);
    EXPECT_EQ(counters.captured, rows().size());
}

TEST_F(CaptureTest, KeepsAPayloadOfManyMegabytes) {
    Prediction large = sample_prediction(sample_day(1), rng_);
    large.payload.assign(10U << 20U, 'x');
    large.payload_digest = {};
    const std::string payload = large.payload;
    capture_->record(std::move(large));
    ASSERT_TRUE(capture_->flush());
    ASSERT_EQ(rows().size(), 1U);
    EXPECT_EQ(rows()[0].payload_digest, sha256(payload));
    EXPECT_EQ(rows()[0].payload, payload);
    EXPECT_EQ(capture_->counters().payloads_left_out, 0U);
}

TEST_F(CaptureTest, RollsTheOpenSegmentOnlyWhenItHoldsEnough) {
    reopen({.roll_rows = 10});
    record_days(1, 9);
    ASSERT_TRUE(capture_->flush());
    EXPECT_EQ(capture_->roll()->segments, 0U);
    record(sample_day(2));
    ASSERT_TRUE(capture_->flush());
    const auto report = capture_->roll();
    EXPECT_EQ(report->segments, 1U);
    EXPECT_EQ(report->predictions, 10U);
    EXPECT_EQ(capture_->roll()->segments, 0U) << "twice changes nothing";
}

TEST_F(CaptureTest, ReadsASegmentOnceAfterACrashBetweenColumnsAndJournal) {
    const auto all = record_days(2, 4);
    ASSERT_TRUE(capture_->seal());
    ASSERT_TRUE(columns_->write_segment(journal_->sealed()->front(), {all, {}}));
    EXPECT_TRUE(same(rows(), all)) << "both hold them now";
    reopen();
    EXPECT_TRUE(journal_->sealed()->empty());
    EXPECT_TRUE(same(rows(), all));
}

TEST_F(CaptureTest, WritesWhatWaitsWhenItStops) {
    capture_->start();
    const auto all = record_days(1, 20);
    ASSERT_TRUE(capture_->stop());
    EXPECT_EQ(journal_->open_segment(), 0U) << "sealed";
    capture_->record(sample_prediction(sample_day(1), rng_));
    const auto counters = capture_->counters();
    EXPECT_EQ(counters.captured, 20U);
    EXPECT_EQ(counters.dropped, 1U) << "recorded after the end";
    EXPECT_TRUE(same(rows(), all));
}

TEST_F(CaptureTest, MakesRowsVisibleAtAFlushInTheModeThatSyncsRarely) {
    reopen({.sync = SyncMode::Os});
    const auto all = record_days(1, 20);
    ASSERT_TRUE(capture_->flush());
    EXPECT_TRUE(same(rows(), all));
}

}  // namespace
}  // namespace flywheel
