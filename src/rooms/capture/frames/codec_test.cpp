// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/bytes.h"
#include "ports/columns/sample_rows.h"
#include "rooms/capture/frames/feedback_codec.h"
#include "rooms/capture/frames/prediction_codec.h"
#include "rooms/capture/frames/row_layout.h"

namespace flywheel {
namespace {

using testing::same;
using testing::sample_day;

Prediction full_prediction() {
    Rng rng(3);
    Prediction row = testing::sample_prediction(sample_day(1), rng);
    row.id.uuid = row.id.uuid.with_row(5);
    row.request_id = "client-7";
    row.error = "none";
    row.embedding.resize(3);
    return testing::with_rare_fields(std::move(row), rng);
}

Result<Prediction> decode_newest(const std::string& bytes) {
    return decode_prediction({bytes, row_layout::kNewest});
}

Result<Feedback> decode_said(const std::string& bytes) {
    return decode_feedback({bytes, 2});
}

std::string encoded(const Prediction& row) {
    std::string bytes;
    append_prediction(bytes, row);
    return bytes.substr(4);
}

std::string encoded(const Feedback& row) {
    std::string bytes;
    append_feedback(bytes, row);
    return bytes.substr(4);
}

/// Decoding any bytes gives an error, or a row whose encoding is those very bytes.
template <class Decode>
void expect_canonical(const std::string& bytes, const Decode& decode) {
    const auto row = decode(bytes);
    if (row) {
        EXPECT_EQ(encoded(*row), bytes);
    } else {
        EXPECT_EQ(row.error().code, Code::Corrupt);
    }
}

template <class Decode>
void expect_sturdy(const std::string& good, const Decode& decode) {
    ASSERT_TRUE(decode(good));
    for (std::size_t size = 0; size < good.size(); ++size) {
        EXPECT_FALSE(decode(good.substr(0, size))) << size;
    }
    EXPECT_FALSE(decode(good + '\0'));
    for (std::size_t at = 0; at < good.size(); ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            std::string damaged = good;
            damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
            SCOPED_TRACE(at);
            expect_canonical(damaged, decode);
        }
    }
}

RC_GTEST_PROP(PredictionCodec, GivesBackEveryField, (std::uint64_t seed, const std::string& text)) {
    Rng rng(seed);
    Prediction row = testing::sample_prediction(sample_day(static_cast<int>(rng.below(3000))), rng);
    row.payload = text;
    row.payload_bytes = text.size();
    row.id.uuid = row.id.uuid.with_row(static_cast<std::uint16_t>(rng.below(100)));
    if (rng.below(2) == 0) {
        row.request_id = text;
    }
    row.embedding.resize(rng.below(130));
    row.scores.resize(rng.below(9));
    row.label = static_cast<std::int64_t>(rng.next());
    if (rng.below(2) == 0) {
        row = testing::with_rare_fields(std::move(row), rng);
    }
    std::string bytes;
    append_prediction(bytes, row);
    RC_ASSERT(bytes.size() <= prediction_bytes(row));
    RC_ASSERT(bytes_at<std::uint32_t>(bytes.data()) == bytes.size() - 4);
    const auto decoded = decode_newest(bytes.substr(4));
    RC_ASSERT(decoded.has_value());
    RC_ASSERT(same(*decoded, row));
}

TEST(PredictionCodec, NothingIsLeftOfAClearedRow) {
    Prediction row = full_prediction();
    row.clear();
    EXPECT_EQ(encoded(row), encoded(Prediction()));
    EXPECT_TRUE(same(row, Prediction()));
}

TEST(PredictionCodec, LeavesOutARequestIdThatTheIdSaysAlready) {
    Rng rng(4);
    const Prediction plain = testing::sample_prediction(sample_day(1), rng);
    Prediction named = plain;
    named.request_id = "client-chosen-id-of-thirty-six-chars";
    ASSERT_EQ(named.request_id.size(), plain.request_id.size());
    EXPECT_EQ(encoded(named).size(), encoded(plain).size() + 36);
    const std::string bytes = encoded(plain);
    EXPECT_TRUE(prediction_keys({bytes, row_layout::kNewest})->request_id.empty());
    EXPECT_EQ(decode_newest(bytes)->request_id, plain.request_id);
    const std::string named_bytes = encoded(named);
    const auto keys = prediction_keys({named_bytes, row_layout::kNewest});
    EXPECT_EQ(keys->request_id, named.request_id);
    EXPECT_EQ(keys->id, named.id);
    EXPECT_EQ(keys->time, named.time);
    EXPECT_EQ(keys->model, "news");
}

TEST(PredictionCodec, RefusesEveryTruncationAndReadsDamageSafely) {
    expect_sturdy(encoded(full_prediction()), decode_newest);
    Rng rng(5);
    expect_sturdy(encoded(testing::sample_prediction(sample_day(2), rng)), decode_newest);
}

TEST(PredictionCodec, RefusesLengthsThatOverflow) {
    std::string bytes = encoded(full_prediction());
    for (std::size_t part = 0; part < row_layout::kParts; ++part) {
        std::string damaged = bytes;
        put_bytes(damaged.data() + row_layout::kLengthsAt + 4 * part, std::uint32_t{0xFFFFFFFF});
        EXPECT_FALSE(decode_newest(damaged));
    }
}

RC_GTEST_PROP(PredictionCodec, ReadsNoiseSafely, (const std::string& noise)) {
    expect_canonical(noise, decode_newest);
    const auto walked =
        each_row({FrameKind::Predictions, noise}, [](StoredRow) { return Result<void>(); });
    RC_ASSERT(!walked || noise.size() >= 8);
}

TEST(PredictionCodec, LeavesNothingOfTheRowBefore) {
    Rng rng(5);
    const std::string plain = encoded(testing::sample_prediction(sample_day(1), rng));
    const std::string full = encoded(full_prediction());
    const std::string empty = encoded(Prediction());
    Prediction row;
    for (const std::string* bytes : {&full, &plain, &full, &empty, &plain, &empty}) {
        ASSERT_TRUE(decode_prediction_into(row, {*bytes, row_layout::kNewest}));
        EXPECT_TRUE(same(row, decode_newest(*bytes).value()));
    }
}

TEST(PredictionCodec, WalksOverTheRowsOfAFrame) {
    Frame frame;
    begin_rows(frame.payload, FrameKind::Predictions);
    append_prediction(frame.payload, full_prediction());
    append_prediction(frame.payload, full_prediction());
    int rows = 0;
    const auto count = [&](StoredRow row) -> Result<void> {
        ++rows;
        EXPECT_TRUE(same(decode_prediction(row).value(), full_prediction()));
        return {};
    };
    ASSERT_TRUE(each_row(frame, count));
    EXPECT_EQ(rows, 2);
    const auto walks = [](const std::string& payload) {
        return each_row(
                   {FrameKind::Predictions, payload}, [](StoredRow) { return Result<void>(); }
        ).has_value();
    };
    EXPECT_FALSE(walks(frame.payload.substr(0, frame.payload.size() - 1)));
    EXPECT_FALSE(walks(frame.payload.substr(0, 7)));
    for (std::size_t at = 0; at < 8; ++at) {
        std::string damaged = frame.payload;
        damaged[at] = static_cast<char>(damaged[at] ^ 4);
        EXPECT_FALSE(walks(damaged)) << at;
    }
}

RC_GTEST_PROP(FeedbackCodec, GivesBackEveryField, (std::uint64_t seed, const std::string& text)) {
    Rng rng(seed);
    Feedback said = testing::sample_feedback(text, sample_day(2), rng);
    said.kind = static_cast<FeedbackKind>(rng.below(4));
    said.source = static_cast<FeedbackSource>(rng.below(3));
    said.value = rng.normal();
    said.row = static_cast<std::int64_t>(rng.below(9));
    const auto decoded = decode_said(encoded(said));
    RC_ASSERT(decoded.has_value());
    RC_ASSERT(same(*decoded, said));
}

TEST(FeedbackCodec, RefusesEveryTruncationAndReadsDamageSafely) {
    Rng rng(6);
    expect_sturdy(encoded(testing::sample_feedback("request 1", sample_day(2), rng)), decode_said);
}

}  // namespace
}  // namespace flywheel
