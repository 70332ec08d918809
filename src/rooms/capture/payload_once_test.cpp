// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>

#include "ports/columns/parquet/parquet_columns.h"
#include "ports/columns/sample_rows.h"
#include "ports/journal/absent_journal.h"
#include "ports/journal/segments/segment_journal.h"
#include "rooms/capture/capture.h"
#include "rooms/capture/staging/row_buffers.h"
#include "temp_folder.h"

namespace flywheel {
namespace {

using testing::sample_day;

/// Capture over the real journal and the real columns.
class PayloadOnceTest : public ::testing::Test {
  protected:
    void SetUp() override { reopen(); }

    void reopen() {
        capture_.reset();
        journal_.reset();
        columns_.reset();
        journal_ = SegmentJournal::open(folder_.path() / "journal", {}).value();
        columns_ = ParquetColumns::open(folder_.path() / "columns").value();
        capture_ = Capture::open(plan_, *journal_, *columns_, clock_).value();
    }

    /// Serves `text` on a day; on behalf of `subject`, if one is given.
    std::string serve(const std::string& text, int day = 1, const std::string& subject = "") {
        Prediction row = testing::sample_prediction(sample_day(day), rng_);
        row.payload = text;
        row.payload_digest = {};
        row.raw_subject = subject;
        std::string id = row.request_id;
        capture_->record(std::move(row));
        EXPECT_TRUE(capture_->flush());
        return id;
    }

    std::string payload_of(const std::string& id) {
        const auto found = capture_->find("news", id);
        EXPECT_TRUE(found) << id;
        return found && found->rows.size() == 1 ? found->rows[0].payload : "no such row";
    }

    void roll_everything() {
        ASSERT_TRUE(capture_->seal());
        const auto report = capture_->roll();
        ASSERT_TRUE(report) << report.error().message;
    }

    std::size_t large_files() {
        std::size_t files = 0;
        for (const auto& file :
             std::filesystem::recursive_directory_iterator(folder_.path() / "columns")) {
            files += file.path().extension() == ".payload" ? 1 : 0;
        }
        return files;
    }

    testing::TempFolder folder_;
    ManualClock clock_{sample_day(10)};
    Rng rng_{7};
    Capture::Plan plan_;
    std::unique_ptr<Journal> journal_;
    std::unique_ptr<Columns> columns_;
    std::unique_ptr<Capture> capture_;
};

TEST_F(PayloadOnceTest, IsStoredOnceADayAndSeenWithEachOfItsRows) {
    const auto first = serve("asked again and again");
    const auto again = serve("asked again and again");
    const auto next_day = serve("asked again and again", 2);
    EXPECT_EQ(capture_->counters().payloads_stored, 2U);
    EXPECT_EQ(capture_->counters().payloads_known, 1U);
    const auto expect_all = [&](const char* when) {
        SCOPED_TRACE(when);
        for (const auto& id : {first, again, next_day}) {
            EXPECT_EQ(payload_of(id), "asked again and again");
        }
        const auto rows = capture_->predictions("news", kAllTimes).value();
        ASSERT_EQ(rows.size(), 3U);
        EXPECT_EQ(rows[1].payload, "asked again and again");
        EXPECT_EQ(rows[1].payload_digest, sha256("asked again and again"));
        EXPECT_EQ(rows[1].payload_bytes, rows[1].payload.size());
    };
    expect_all("in the journal");
    roll_everything();
    expect_all("in the columns");
    const auto later = serve("asked again and again");
    EXPECT_EQ(payload_of(later), "asked again and again") << "row in the journal, payload rolled";
    reopen();
    EXPECT_EQ(payload_of(later), "asked again and again") << "after a restart";
}

TEST_F(PayloadOnceTest, StandsBeforeTheFirstRowThatRefersToIt) {
    serve("one");
    serve("two");
    std::vector<FrameKind> kinds;
    ASSERT_TRUE(journal_->read(journal_->open_segment(), [&](FramePlace, const Frame& frame) {
        kinds.push_back(frame.kind);
        return Result<void>();
    }));
    using enum FrameKind;
    EXPECT_EQ(kinds, (std::vector<FrameKind>{Payload, Predictions, Payload, Predictions}));
}

TEST_F(PayloadOnceTest, IsKnownAgainAfterARestartAsLongAsTheJournalHoldsIt) {
    serve("one");
    reopen();
    serve("one");
    EXPECT_EQ(capture_->counters().payloads_known, 1U);
    roll_everything();
    reopen();
    const auto id = serve("one");
    EXPECT_EQ(capture_->counters().payloads_stored, 1U) << "rolled: it is stored once more";
    roll_everything();
    EXPECT_EQ(payload_of(id), "one");
}

TEST_F(PayloadOnceTest, LargeOnesWaitBesideTheRowsAndBecomeFiles) {
    const std::string large(300'000, 'x');
    const std::string limit(Payload::kInTableBytesMax, 'y');
    const auto id = serve(large);
    const auto again = serve(large);
    const auto small = serve(limit);
    EXPECT_EQ(capture_->counters().payloads_stored, 2U);
    EXPECT_EQ(capture_->counters().memory_bytes, 0U);
    EXPECT_EQ(payload_of(again), large);
    roll_everything();
    EXPECT_EQ(large_files(), 1U);
    EXPECT_EQ(payload_of(id), large);
    EXPECT_EQ(payload_of(small), limit);
    reopen();
    EXPECT_EQ(payload_of(id), large);
    EXPECT_EQ(large_files(), 1U);
}

TEST_F(PayloadOnceTest, GoesWithTheLastRowThatRefersToIt) {
    const std::string large(100'000, 'x');
    serve("only theirs", 1, "ann");
    serve(large, 1, "ann");
    serve("shared", 1, "ann");
    serve("shared", 2, "ann");
    const auto kept = serve("shared", 1, "bob");
    roll_everything();
    ASSERT_EQ(large_files(), 1U);
    const auto waits = serve(large, 1, "bob");  // refers to the payload that is rolled
    const auto report = capture_->erase("ann");
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->rows, 4U);
    EXPECT_EQ(payload_of(kept), "shared");
    EXPECT_EQ(payload_of(waits), large) << "its row was still in the journal";
    std::vector<std::string> left;
    const std::vector<Digest> all = [&] {
        std::vector<Digest> digests = {sha256("only theirs"), sha256("shared"), sha256(large)};
        std::ranges::sort(digests);
        return digests;
    }();
    ASSERT_TRUE(columns_->find_payloads({"news", kAllTimes, all}, [&](Payload&& payload) {
        left.push_back(to_date(payload.first_seen) + " " + payload.bytes.substr(0, 6));
        return Result<void>();
    }));
    std::ranges::sort(left);
    EXPECT_EQ(left, (std::vector<std::string>{"2017-03-02 shared", "2017-03-02 xxxxxx"}));
    const auto later = serve("only theirs", 1, "bob");
    EXPECT_EQ(payload_of(later), "only theirs") << "it is brought again, not taken for known";
}

TEST_F(PayloadOnceTest, IsAddressedAfterRedaction) {
    plan_.redaction =
        Redaction::make({RedactionRule{.kind = SensitiveKind::Email}}, SecretKey()).value();
    reopen();
    const auto first = serve("mail ann@example.com now");
    serve("mail bob@example.net now");
    const Prediction found = capture_->find("news", first).value().rows[0];
    EXPECT_EQ(found.payload, "mail *************** now");
    EXPECT_EQ(found.payload_digest, sha256(found.payload));
    EXPECT_EQ(capture_->counters().payloads_stored, 1U) << "after redaction they are the same";
    const auto large = serve(std::string(50'000, ' ') + "ann@example.com");
    EXPECT_EQ(payload_of(large), std::string(50'000, ' ') + "***************");
}

TEST_F(PayloadOnceTest, CountsTheAttemptsOfARequestIdThatTheClientMade) {
    const auto serve_as = [&](int rows) {
        Prediction row = testing::sample_prediction(sample_day(1), rng_);
        row.request_id = "order 17";
        for (int i = 0; i < rows; ++i) {
            row.id.uuid = row.id.uuid.with_row(static_cast<std::uint16_t>(i));
            capture_->record(Prediction(row));
        }
        EXPECT_TRUE(capture_->flush());
    };
    serve_as(2);
    serve_as(1);
    std::vector<std::uint32_t> attempts;
    const auto found = capture_->find("news", "order 17");
    ASSERT_TRUE(found);
    for (const Prediction& row : found->rows) {
        attempts.push_back(row.attempt);
    }
    std::ranges::sort(attempts);
    EXPECT_EQ(attempts, (std::vector<std::uint32_t>{1, 1, 2}));
}

TEST(LargePayloads, BeyondTheirBoundAreLeftOutAndTheirRowsStay) {
    AbsentJournal journal;
    testing::TempFolder folder;
    const auto columns = ParquetColumns::open(folder.path()).value();
    ManualClock clock(sample_day(10));
    const auto capture = Capture::open({}, journal, *columns, clock).value();
    Rng rng(3);
    journal.down = true;
    constexpr std::size_t kBytes = 1U << 20U;
    constexpr std::size_t kRows = RowBuffers::kLargeBytesMax / kBytes + 10;
    for (std::size_t i = 0; i < kRows; ++i) {
        Prediction row = testing::sample_prediction(sample_day(1), rng);
        row.payload = std::string(kBytes, static_cast<char>('!' + i));
        row.payload_digest = {};
        capture->record(std::move(row));
        EXPECT_FALSE(capture->flush());
    }
    auto counters = capture->counters();
    EXPECT_EQ(counters.payloads_left_out, 10U);
    EXPECT_EQ(counters.dropped, 0U);
    EXPECT_LE(counters.memory_bytes, RowBuffers::kLargeBytesMax + (1U << 20U));
    journal.down = false;
    ASSERT_TRUE(capture->flush());
    counters = capture->counters();
    EXPECT_EQ(counters.captured, kRows);
    EXPECT_EQ(counters.memory_bytes, 0U) << "all that waited was let go";
}

}  // namespace
}  // namespace flywheel
