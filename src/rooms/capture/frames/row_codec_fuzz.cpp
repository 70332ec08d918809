// SPDX-License-Identifier: Apache-2.0
// Payloads of predictions and feedback frames: rows or Corrupt, and a row that was read can be
// written and read again. libFuzzer.

#include "fuzz_input.h"
#include "rooms/capture/feedback_codec.h"
#include "rooms/capture/prediction_codec.h"

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
    const FrameKind kind = input.choose(2) == 0 ? FrameKind::Predictions : FrameKind::Feedback;
    const Frame frame{kind, std::string(input.rest())};
    for (const std::string& payload : rewritten_rows(frame)) {
        const auto again = rewritten_rows({kind, payload});
        CHECK(again.size() == 1 && again.front() == payload);
    }
    return 0;
}

}  // namespace flywheel
