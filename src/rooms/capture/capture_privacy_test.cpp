// SPDX-License-Identifier: Apache-2.0
// What people wrote about themselves never reaches the journal, and who they are only as a digest.
#include <gtest/gtest.h>

#include "ports/columns/memory_columns.h"
#include "ports/columns/sample_rows.h"
#include "ports/journal/faulty_journal.h"
#include "ports/journal/memory_journal.h"
#include "rooms/capture/capture.h"

namespace flywheel {
namespace {

using testing::sample_day;
using testing::sample_feedback;
using testing::sample_prediction;

struct PrivateRig {
    MemoryJournal journal;
    MemoryColumns columns;
    ManualClock clock{sample_day(5)};
    Rng rng{4};
    std::unique_ptr<Capture> capture;

    explicit PrivateRig(const std::vector<RedactionRule>& rules) {
        Capture::Plan plan;
        plan.key = SecretKey("secret");
        plan.redaction = Redaction::make(rules, plan.key).value();
        capture = Capture::open(std::move(plan), journal, columns, clock).value();
    }

    void record(const std::string& payload, const std::string& subject = "") {
        Prediction row = sample_prediction(sample_day(1), rng);
        row.payload = payload;
        row.payload_digest = sha256(payload);
        row.raw_subject = subject;
        capture->record(std::move(row));
    }

    /// Every byte of the journal.
    std::string journaled() {
        EXPECT_TRUE(capture->seal());
        std::string bytes;
        const auto segments = journal.sealed().value();
        for (const auto segment : segments) {
            EXPECT_TRUE(journal.read(segment, [&](FramePlace, const Frame& frame) {
                bytes += frame.payload;
                return Result<void>();
            }));
        }
        return bytes;
    }
};

TEST(CapturePrivacy, NothingIsWrittenBeforeItIsRedacted) {
    PrivateRig rig({{.kind = SensitiveKind::Email}, {.kind = SensitiveKind::Phone}});
    for (int i = 0; i < 500; ++i) {
        rig.record("row " + std::to_string(i) + " of hong@naver.com, 010-1234-5678, 그리고 더");
    }
    Feedback said = sample_feedback("r", sample_day(2), rig.rng);
    said.comment = "ask hong@naver.com";
    said.by = "hong@naver.com";
    ASSERT_TRUE(rig.capture->submit_feedback({said}));
    const std::string bytes = rig.journaled();
    EXPECT_EQ(bytes.find("hong"), std::string::npos);
    EXPECT_EQ(bytes.find("1234-5678"), std::string::npos);
    const auto rows = rig.capture->predictions("news", kAllTimes).value();
    ASSERT_EQ(rows.size(), 500U);
    for (const Prediction& row : rows) {
        EXPECT_EQ(row.payload_digest, sha256(row.payload)) << "the address of what is stored";
        EXPECT_NE(
            row.payload.find(" of **************, *************, 그리고 더"), std::string::npos
        );
        EXPECT_TRUE(row.redacted);
    }
    const auto counters = rig.capture->counters();
    EXPECT_EQ(counters.captured, 500U);
    EXPECT_EQ(counters.redacted, 501U);
    EXPECT_EQ(counters.redaction_failures, 0U);
}

TEST(CapturePrivacy, ARuleThatFailsCostsThePayloadNotTheRow) {
    PrivateRig rig({{.field = "/mail", .kind = SensitiveKind::Email}});
    rig.record("no JSON of hong@naver.com");
    EXPECT_EQ(rig.journaled().find("hong"), std::string::npos);
    const auto rows = rig.capture->predictions("news", kAllTimes).value();
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_TRUE(rows[0].payload.empty());
    EXPECT_TRUE(rows[0].redacted);
    EXPECT_EQ(rig.capture->counters().redaction_failures, 1U);
}

TEST(CapturePrivacy, SubjectsAreStoredAsTheirDigestOnly) {
    PrivateRig rig({});
    rig.record("text", "user-4711");
    rig.record("text");
    EXPECT_EQ(rig.journaled().find("4711"), std::string::npos);
    const auto rows = rig.capture->predictions("news", kAllTimes).value();
    ASSERT_EQ(rows.size(), 2U);
    const auto known = SecretKey("secret").hmac("user-4711");
    EXPECT_EQ((rows[0].subject == known) + (rows[1].subject == known), 1);
    EXPECT_EQ(rows[0].subject.is_zero() + rows[1].subject.is_zero(), 1);
}

/// Everything that journal and columns hold, as bytes and rows.
bool holds(const Journal& journal, const Columns& columns, const Digest& subject) {
    const std::string_view needle(
        reinterpret_cast<const char*>(subject.bytes.data()), subject.bytes.size()
    );
    bool found = false;
    const auto segments = journal.sealed().value();
    for (const auto segment : segments) {
        EXPECT_TRUE(journal.read(segment, [&](FramePlace, const Frame& frame) {
            const bool rows = frame.kind == FrameKind::Predictions;
            found = found || (rows && frame.payload.find(needle) != std::string::npos);
            return Result<void>();
        }));
    }
    const auto numbers = columns.segments().value();
    for (const auto number : numbers) {
        const auto rows = columns.read_segment(number).value();
        for (const Prediction& row : rows.predictions) {
            found = found || row.subject == subject;
        }
    }
    return found;
}

/// Rows of two people, some rolled, some not, with feedback about both.
struct TwoPeople {
    MemoryJournal inner;
    MemoryColumns columns;
    FaultyJournal journal;
    ManualClock clock{sample_day(5)};
    SecretKey key{"secret"};
    std::unique_ptr<Capture> capture;
    std::vector<Prediction> kept;

    explicit TwoPeople(const FaultPlan& plan) : journal(inner, plan) {}

    bool open(Journal& through) {
        Capture::Plan plan;
        plan.key = key;
        auto opened = Capture::open(std::move(plan), through, columns, clock);
        capture = opened ? *std::move(opened) : nullptr;
        return capture != nullptr;
    }

    void live() {
        Rng rng(7);
        for (int round = 0; round < 3; ++round) {
            for (const char* person : {"ann", "ben"}) {
                Prediction row = sample_prediction(sample_day(round), rng);
                row.raw_subject = person;
                const auto said = sample_feedback(row.request_id, sample_day(round + 1), rng);
                kept.push_back(row);
                capture->record(std::move(row));
                static_cast<void>(capture->submit_feedback({said}));
            }
            if (round == 1) {
                static_cast<void>(capture->seal());
                static_cast<void>(capture->roll());
            }
        }
    }

    /// As a person does who is told that it did not work.
    int erase_until_done() {
        int tries = 1;
        while (!capture->erase("ann")) {
            ++tries;
        }
        return tries;
    }

    void expect_only_ben() {
        EXPECT_FALSE(holds(inner, columns, key.hmac("ann")));
        const auto rows = capture->predictions("news", kAllTimes).value();
        EXPECT_EQ(rows.size(), 3U);
        for (const Prediction& row : rows) {
            EXPECT_EQ(row.subject, key.hmac("ben"));
        }
        EXPECT_LE(capture->feedback("news", kAllTimes)->size(), 3U);
        for (const Prediction& row : kept) {
            EXPECT_EQ(capture->find("news", row.request_id).has_value(), row.raw_subject == "ben");
        }
    }
};

TEST(CaptureErases, ASubjectFromJournalAndColumnsWhicheverCallFails) {
    for (const FaultMode mode : {FaultMode::Fail, FaultMode::FailAfterDone}) {
        for (int n = 2;; ++n) {  // call 1 is made by open()
            SCOPED_TRACE(n);
            const FaultPlan plan{.fail_at = n, .mode = mode};
            TwoPeople world(plan);
            ASSERT_TRUE(world.open(world.journal));
            world.live();
            ASSERT_TRUE(world.capture->flush());
            EXPECT_LE(world.erase_until_done(), 2);
            world.expect_only_ben();
            world.inner.crash();
            ASSERT_TRUE(world.open(world.inner));
            ASSERT_TRUE(world.capture->roll());
            world.expect_only_ben();
            if (*plan.calls < n) {
                break;
            }
        }
    }
}

TEST(CaptureErases, RowsOfABackupThatIsPutBack) {
    TwoPeople world({});
    ASSERT_TRUE(world.open(world.inner));
    world.live();
    ASSERT_TRUE(world.capture->seal());
    ASSERT_TRUE(world.capture->roll());
    const auto segments = world.columns.segments().value();
    const ColumnSegment backup = world.columns.read_segment(segments[0]).value();
    ASSERT_TRUE(world.capture->erase("ann"));
    world.expect_only_ben();
    ASSERT_TRUE(world.columns.write_segment(segments[0], {backup.predictions, backup.feedback}));
    ASSERT_TRUE(world.open(world.inner));
    EXPECT_EQ(world.capture->predictions("news", kAllTimes)->size(), 3U) << "seen no more at once";
    ASSERT_TRUE(world.capture->roll());
    world.expect_only_ben();
}

TEST(CaptureErases, NothingThatIsServedLater) {
    TwoPeople world({});
    ASSERT_TRUE(world.open(world.inner));
    world.live();
    const auto report = world.capture->erase("ann");
    ASSERT_TRUE(report);
    EXPECT_EQ(report->rows, 3U);
    EXPECT_EQ(report->feedback, 3U);
    EXPECT_EQ(report->payloads, 3U);
    EXPECT_EQ(report->subject, world.key.hmac("ann"));
    Rng rng(9);
    Prediction later = sample_prediction(sample_day(6), rng);
    later.raw_subject = "ann";
    world.capture->record(std::move(later));
    for (int i = 0; i < 4; ++i) {
        ASSERT_TRUE(world.capture->seal());
        ASSERT_TRUE(world.capture->roll());
    }
    EXPECT_EQ(world.capture->predictions("news", kAllTimes)->size(), 4U);
    EXPECT_EQ(world.inner.sealed()->size(), 1U) << "one segment keeps the erasure, no more come";
}

}  // namespace
}  // namespace flywheel
