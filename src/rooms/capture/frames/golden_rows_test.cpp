// SPDX-License-Identifier: Apache-2.0
// Frames as they were written once and must be readable for ever; made by hand from
// docs/internals/formats.md, not by this program.
#include <gtest/gtest.h>

#include "ports/columns/sample_rows.h"
#include "rooms/capture/frames/feedback_codec.h"
#include "rooms/capture/frames/payload_codec.h"
#include "rooms/capture/frames/prediction_codec.h"

namespace flywheel {
namespace {

constexpr std::string_view kFirstVersion =
    "0100000000000000990000000199a1b2c3d47e5f8a1b0c0d0e0f000200c0db302d5a06000001020304050607"
    "08090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f000000000000d03f01000000000000000b000000"
    "0c000000c8000000010000000800000004000000010000000000000008000000020000000000000002000000"
    "6f726465722031376e65777333686561646c696e650000403f0000803e0038003c";

constexpr std::string_view kSecondVersion =
    "0200000000000000f90000000199a1b2c3d47e5f8a1b0c0d0e0f000200c0db302d5a06000001020304050607"
    "08090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f30313233"
    "3435363738393a3b3c3d3e3f000000000000d03f010000000000000001000000020000000b00000003000000"
    "0c00000008000000c80000000000403f0000003f0000103f01020a0008000000040000000100000000000000"
    "08000000030000000f000000060000000200000000000000020000006f726465722031376e65777333686561"
    "646c696e65722d397b2274696572223a22676f6c64227d756e737572650000403f0000803e0038003c";

constexpr std::string_view kThirdVersion =
    "03000000000000004d0100000199a1b2c3d47e5f8a1b0c0d0e0f000200c0db302d5a06000001020304050607"
    "08090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f30313233"
    "3435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f"
    "000000000000d03f0100000000000000080000000000000001000000020000000b000000030000000c000000"
    "08000000c80000000000403f0000003f0000103f0200000001020a0008000000040000000100000000000000"
    "030000000f0000000600000004000000060000000a0000000200000001000000000000000200000004000000"
    "000000006f726465722031376e65777333722d397b2274696572223a22676f6c64227d756e7375726573686f"
    "706c696e656172746578742f706c61696e0000403f0000803e060000000038003c6f757473";

constexpr std::string_view kPayloads =
    "01000000000000004a000000000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
    "00c0db302d5a0600040000000a000000080000006e657773746578742f706c61696e686561646c696e65";

std::string bytes_of_hex(std::string_view hex) {
    const auto value = [](char digit) { return digit <= '9' ? digit - '0' : digit - 'a' + 10; };
    std::string bytes;
    for (std::size_t i = 0; i < hex.size(); i += 2) {
        bytes += static_cast<char>(value(hex[i]) * 16 + value(hex[i + 1]));
    }
    return bytes;
}

std::vector<Prediction> rows_of(const std::string& payload) {
    std::vector<Prediction> rows;
    const auto walked =
        each_row({FrameKind::Predictions, payload}, [&](StoredRow row) -> Result<void> {
            rows.push_back(TRY(decode_prediction(row)));
            EXPECT_EQ(TRY(prediction_keys(row)).request_id, "order 17");
            return {};
        });
    EXPECT_TRUE(walked);
    return rows;
}

void expect_what_all_hold(const Prediction& row) {
    EXPECT_EQ(row.id.text(), "0199a1b2-c3d4-7e5f-8a1b-0c0d0e0f0002");
    EXPECT_EQ(row.request_id, "order 17");
    EXPECT_EQ(to_rfc3339(row.time), "2026-08-29T10:40:00Z");
    EXPECT_EQ(row.model, "news");
    EXPECT_EQ(row.version, "3");
    EXPECT_EQ(row.route, Route::Canary);
    EXPECT_EQ(row.payload_digest.hex().substr(0, 8), "00010203");
    EXPECT_EQ(row.payload_bytes, 8U);
    EXPECT_EQ(row.label, 1);
    EXPECT_EQ(row.scores, (std::vector<float>{.75F, .25F}));
    EXPECT_TRUE(row.base_scores.empty());
    EXPECT_EQ(row.embedding, (std::vector<std::uint16_t>{0x3800, 0x3C00}));
    EXPECT_EQ(row.us_infer, 11);
    EXPECT_EQ(row.us_total, 12);
    EXPECT_EQ(row.status, 200);
    EXPECT_EQ(row.propensity, .25);
    EXPECT_FLOAT_EQ(row.confidence, .75F);
    EXPECT_FLOAT_EQ(row.margin, .5F);
    EXPECT_NEAR(row.entropy, .5625F, 1e-3);
}

TEST(GoldenRows, OfTheFirstVersionAreRead) {
    const auto rows = rows_of(bytes_of_hex(kFirstVersion));
    ASSERT_EQ(rows.size(), 1U);
    expect_what_all_hold(rows[0]);
    EXPECT_EQ(rows[0].payload, "headline");
    EXPECT_TRUE(rows[0].subject.is_zero());
    EXPECT_EQ(rows[0].policy, "");
    EXPECT_EQ(rows[0].batch_rows, 0);
}

void expect_what_later_ones_hold(const Prediction& row) {
    EXPECT_EQ(row.subject.hex().substr(0, 8), "20212223");
    EXPECT_EQ(row.row_id, "r-9");
    EXPECT_EQ(row.params, R"({"tier":"gold"})");
    EXPECT_EQ(row.policy, "unsure");
    EXPECT_EQ(row.us_queue, 1);
    EXPECT_EQ(row.us_pre, 2);
    EXPECT_EQ(row.us_post, 3);
    EXPECT_EQ(row.batch_rows, 8);
    EXPECT_EQ(row.agreement, Agreement::Differs);
    EXPECT_TRUE(row.cancelled);
    EXPECT_FALSE(row.redacted);
    EXPECT_TRUE(row.thin);
}

TEST(GoldenRows, OfTheSecondVersionAreRead) {
    const auto rows = rows_of(bytes_of_hex(kSecondVersion));
    ASSERT_EQ(rows.size(), 1U);
    expect_what_all_hold(rows[0]);
    expect_what_later_ones_hold(rows[0]);
    EXPECT_EQ(rows[0].payload, "headline");
    EXPECT_EQ(rows[0].attempt, 0U);
    EXPECT_TRUE(rows[0].instance.is_zero());
}

TEST(GoldenRows, OfTheThirdVersionAreReadAndWritten) {
    const std::string payload = bytes_of_hex(kThirdVersion);
    const auto rows = rows_of(payload);
    ASSERT_EQ(rows.size(), 1U);
    const Prediction& row = rows[0];
    expect_what_all_hold(row);
    expect_what_later_ones_hold(row);
    EXPECT_EQ(row.payload, "") << "it stands in a payload frame";
    EXPECT_EQ(row.instance.text(), "40414243-4445-4647-4849-4a4b4c4d4e4f");
    EXPECT_EQ(row.rollout.text(), "50515253-5455-5657-5859-5a5b5c5d5e5f");
    EXPECT_EQ(row.attempt, 2U);
    EXPECT_EQ(row.key_name, "shop");
    EXPECT_EQ(row.engine, "linear");
    EXPECT_EQ(row.media_type, kTextPayload);
    EXPECT_EQ(row.score_classes, (std::vector<std::int32_t>{6}));
    EXPECT_EQ(row.outputs, "outs");
    std::string written;
    begin_rows(written, FrameKind::Predictions);
    append_prediction(written, row);
    EXPECT_EQ(written, payload);
}

TEST(GoldenRows, PayloadsAreReadAndWritten) {
    const std::string bytes = bytes_of_hex(kPayloads);
    std::string written;
    begin_payloads(written);
    const auto walked = each_payload({FrameKind::Payload, bytes}, [&](const PayloadView& payload) {
        EXPECT_EQ(payload.digest.hex().substr(0, 8), "00010203");
        EXPECT_EQ(payload.model, "news");
        EXPECT_EQ(payload.media_type, kTextPayload);
        EXPECT_EQ(payload.bytes, "headline");
        EXPECT_EQ(to_rfc3339(payload.first_seen), "2026-08-29T10:40:00Z");
        append_payload(written, payload);
        return Result<void>();
    });
    EXPECT_TRUE(walked);
    EXPECT_EQ(written, bytes);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        const Frame cut{FrameKind::Payload, bytes.substr(0, size)};
        const auto read = each_payload(cut, [](const PayloadView&) { return Result<void>(); });
        EXPECT_EQ(read.has_value(), size == 8) << size;
    }
}

/// Version 1 of feedback had no row id: five lengths instead of six.
TEST(GoldenRows, FeedbackOfTheFirstVersionIsRead) {
    Rng rng(1);
    const Feedback said = testing::sample_feedback("order 7", testing::sample_day(1), rng);
    Frame frame{FrameKind::Feedback, ""};
    begin_rows(frame.payload, FrameKind::Feedback);
    const std::size_t begin = frame.payload.size();
    append_feedback(frame.payload, said);
    constexpr std::size_t kSixthLength = 4 + 52 + 5 * 4;
    frame.payload.erase(begin + kSixthLength, 4);
    frame.payload[begin] = static_cast<char>(frame.payload[begin] - 4);
    const std::size_t version_at = frame.payload.find('\x02');
    ASSERT_LT(version_at, begin);
    frame.payload[version_at] = 1;
    int rows = 0;
    ASSERT_TRUE(each_row(frame, [&](StoredRow stored) -> Result<void> {
        EXPECT_TRUE(testing::same(TRY(decode_feedback(stored)), said));
        ++rows;
        return {};
    }));
    EXPECT_EQ(rows, 1);
}

TEST(GoldenRows, OfTheFirstVersionAreRefusedWhenCutOrDamaged) {
    const std::string good = bytes_of_hex(kFirstVersion);
    const auto reads = [](const std::string& payload) {
        bool read = true;
        const auto walked = each_row({FrameKind::Predictions, payload}, [&](StoredRow row) {
            read = decode_prediction(row).has_value();
            return Result<void>();
        });
        return walked && read;
    };
    ASSERT_TRUE(reads(good));
    for (std::size_t size = 9; size < good.size(); ++size) {
        EXPECT_FALSE(reads(good.substr(0, size))) << size;
    }
    for (const std::size_t at : {12U + 84U, 12U + 85U, 12U + 86U, 12U + 87U}) {
        std::string damaged = good;
        damaged[at] = static_cast<char>(damaged[at] | 8);
        EXPECT_FALSE(reads(damaged)) << at;
    }
}

}  // namespace
}  // namespace flywheel
