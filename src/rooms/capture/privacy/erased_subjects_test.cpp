// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/privacy/erased_subjects.h"

#include <gtest/gtest.h>

#include "ports/columns/memory_columns.h"
#include "ports/columns/sample_rows.h"
#include "rooms/capture/privacy/column_eraser.h"

namespace flywheel {
namespace {

using testing::sample_day;

Prediction row_of(const std::string& subject, int day, Rng& rng) {
    Prediction row = testing::sample_prediction(sample_day(day), rng);
    row.subject = sha256(subject);
    return row;
}

TEST(ErasedSubjects, CoverRowsUpToTheirTime) {
    Rng rng(1);
    ErasedSubjects erased;
    EXPECT_FALSE(erased.covers(row_of("a", 1, rng)));
    erased.add({sha256("a"), sample_day(3)});
    erased.add({sha256("a"), sample_day(2)});
    EXPECT_TRUE(erased.covers(row_of("a", 3, rng)));
    EXPECT_FALSE(erased.covers(row_of("a", 4, rng))) << "served after the erasure";
    EXPECT_FALSE(erased.covers(row_of("b", 1, rng)));
    erased.add({Digest(), sample_day(9)});
    EXPECT_FALSE(erased.covers(testing::sample_prediction(sample_day(1), rng))) << "nobody's row";
}

TEST(EraseFrame, GivesBackWhatItHoldsAndRefusesDamage) {
    const std::vector<Erasure> erasures = {
        {sha256("a"), sample_day(1)}, {sha256("b"), sample_day(2)}
    };
    const Frame frame = erase_frame(erasures);
    EXPECT_EQ(frame.kind, FrameKind::Erase);
    EXPECT_EQ(erasures_of(frame).value(), erasures);
    for (std::size_t size = 0; size < frame.payload.size(); ++size) {
        const auto cut = erasures_of({FrameKind::Erase, frame.payload.substr(0, size)});
        EXPECT_EQ(cut.has_value(), size == 8 || size == 48) << size;
    }
    Frame newer = frame;
    newer.payload[0] = 2;
    EXPECT_EQ(erasures_of(newer).error().code, Code::Corrupt);
}

TEST(ColumnEraser, TakesOutRowsAndFeedbackOfTheSubjectOnly) {
    Rng rng(2);
    MemoryColumns columns;
    const Prediction erased_row = row_of("a", 1, rng);
    Prediction shared = row_of("a", 1, rng);
    Prediction other = row_of("b", 1, rng);
    other.payload = shared.payload;
    other.payload_digest = shared.payload_digest;
    const auto about_a = testing::sample_feedback(erased_row.id.text(), sample_day(5), rng);
    const auto about_b = testing::sample_feedback(other.request_id, sample_day(5), rng);
    ASSERT_TRUE(columns.write_segment(1, {{erased_row, shared}, {}}));
    ASSERT_TRUE(columns.write_segment(2, {{other}, {}}));
    ASSERT_TRUE(columns.write_segment(3, {{}, {about_a, about_b}}));
    ErasedSubjects erased;
    erased.add({sha256("a"), sample_day(9)});
    std::vector<Digest> forgotten;
    const auto forget = [&](const std::vector<Digest>& payloads) -> Result<CopiesGone> {
        EXPECT_EQ(columns.read_segment(1)->predictions.size(), 2U) << "the rows are there still";
        forgotten = payloads;
        return CopiesGone{};
    };
    const auto report = erase_from_columns(columns, erased, forget);
    ASSERT_TRUE(report);
    EXPECT_EQ(report->rows, 2U);
    EXPECT_EQ(report->feedback, 1U);
    EXPECT_EQ(forgotten, std::vector<Digest>{erased_row.payload_digest})
        << "the other payload is b's as well";
    EXPECT_EQ(report->payloads, 1U);
    EXPECT_EQ(report->shared, 1U);
    ASSERT_EQ(report->traces.size(), 8U);
    for (const std::string& trace : report->traces) {
        EXPECT_NE(erased_row.payload.find(trace), std::string::npos);
    }
    EXPECT_TRUE(columns.read_segment(1)->predictions.empty());
    EXPECT_EQ(columns.read_segment(2)->predictions.size(), 1U);
    EXPECT_TRUE(testing::same(columns.read_segment(3)->feedback, {about_b}));
    EXPECT_EQ(erase_from_columns(columns, erased, {})->rows, 0U) << "twice changes nothing";
}

}  // namespace
}  // namespace flywheel
