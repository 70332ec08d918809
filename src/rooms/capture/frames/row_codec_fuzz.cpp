// SPDX-License-Identifier: Apache-2.0
// Frames of predictions, feedback and payloads: rows or Corrupt, and a row that was read can be
// written and read again. libFuzzer.

#include <array>

#include "fuzz_input.h"
#include "rooms/capture/frames/feedback_codec.h"
#include "rooms/capture/frames/payload_codec.h"
#include "rooms/capture/frames/prediction_codec.h"

namespace flywheel {
namespace {

std::string payload_of(const Prediction& row) {
    std::string payload;
    begin_rows(payload, FrameKind::Predictions);
    append_prediction(payload, row);
    return payload;
}

std::string payload_of(const Feedback& row) {
    std::string payload;
    begin_rows(payload, FrameKind::Feedback);
    append_feedback(payload, row);
    return payload;
}

std::vector<std::string> rewritten_payloads(const Frame& frame) {
    std::vector<std::string> payloads;
    const auto walked = each_payload(frame, [&](const PayloadView& view) -> Result<void> {
        CHECK(testing::is_within(view.bytes, frame.payload));
        begin_payloads(payloads.emplace_back());
        append_payload(payloads.back(), view);
        return {};
    });
    CHECK(walked || walked.error().code == Code::Corrupt);
    return payloads;
}

/// Rows of a frame, each as the payload of a frame of its own in the newest version.
std::vector<std::string> rewritten_rows(const Frame& frame) {
    std::vector<std::string> rows;
    const auto walked = each_row(frame, [&](StoredRow stored) -> Result<void> {
        CHECK(testing::is_within(stored.bytes, frame.payload));
        if (frame.kind == FrameKind::Feedback) {
            rows.push_back(payload_of(TRY(decode_feedback(stored))));
            return {};
        }
        const auto keys = prediction_keys(stored);
        const auto row = decode_prediction(stored);
        CHECK(keys.has_value() == row.has_value());
        if (row) {
            CHECK(keys->id == row->id && keys->model == row->model && keys->time == row->time);
            rows.push_back(payload_of(*row));
            CHECK(rows.back().size() <= 8 + prediction_bytes(*row));
        }
        return {};
    });
    CHECK(walked || walked.error().code == Code::Corrupt);
    return rows;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    testing::FuzzInput input(data, size);
    constexpr std::array kKinds = {FrameKind::Predictions, FrameKind::Feedback, FrameKind::Payload};
    const FrameKind kind = kKinds.at(input.choose(kKinds.size()));
    const auto rewritten = kind == FrameKind::Payload ? rewritten_payloads : rewritten_rows;
    for (const std::string& payload : rewritten({kind, std::string(input.rest())})) {
        const auto again = rewritten({kind, payload});
        CHECK(again.size() == 1 && again.front() == payload);
    }
    return 0;
}

}  // namespace flywheel
