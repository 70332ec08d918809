// SPDX-License-Identifier: Apache-2.0
// What people wrote about themselves never reaches the journal, and who they are only as a digest.
#include <gtest/gtest.h>

#include "ports/columns/memory_columns.h"
#include "ports/columns/sample_rows.h"
#include "ports/journal/memory_journal.h"
#include "rooms/capture/capture.h"

namespace flywheel {
namespace {

using testing::sample_day;
using testing::sample_feedback;
using testing::sample_prediction;

constexpr TimeRange kAlways{Time::min(), Time::max()};

struct Rig {
    MemoryJournal journal;
    MemoryColumns columns;
    ManualClock clock{sample_day(5)};
    Rng rng{4};
    std::unique_ptr<Capture> capture;

    explicit Rig(const std::vector<RedactionRule>& rules) {
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
    Rig rig({{.kind = SensitiveKind::Email}, {.kind = SensitiveKind::Phone}});
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
    const auto rows = rig.capture->predictions("news", kAlways).value();
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
    Rig rig({{.field = "/mail", .kind = SensitiveKind::Email}});
    rig.record("no JSON of hong@naver.com");
    EXPECT_EQ(rig.journaled().find("hong"), std::string::npos);
    const auto rows = rig.capture->predictions("news", kAlways).value();
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_TRUE(rows[0].payload.empty());
    EXPECT_TRUE(rows[0].redacted);
    EXPECT_EQ(rig.capture->counters().redaction_failures, 1U);
}

TEST(CapturePrivacy, SubjectsAreStoredAsTheirDigestOnly) {
    Rig rig({});
    rig.record("text", "user-4711");
    rig.record("text");
    EXPECT_EQ(rig.journaled().find("4711"), std::string::npos);
    const auto rows = rig.capture->predictions("news", kAlways).value();
    ASSERT_EQ(rows.size(), 2U);
    const auto known = SecretKey("secret").hmac("user-4711");
    EXPECT_EQ((rows[0].subject == known) + (rows[1].subject == known), 1);
    EXPECT_EQ(rows[0].subject.is_zero() + rows[1].subject.is_zero(), 1);
}

}  // namespace
}  // namespace flywheel
