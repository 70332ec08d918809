// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/segment_rows.h"

#include <set>
#include <unordered_set>
#include <utility>

#include "rooms/capture/frames/feedback_codec.h"
#include "rooms/capture/frames/payload_codec.h"
#include "rooms/capture/frames/prediction_codec.h"

namespace flywheel {

Result<SegmentRows> read_segment(const Journal& journal, std::uint64_t segment) {
    SegmentRows found;
    ColumnSegment& rows = found.rows;
    std::set<std::pair<std::uint64_t, std::uint64_t>> seen_payloads;
    std::unordered_set<Id<Prediction>> seen;
    std::unordered_set<Id<Feedback>> seen_feedback;
    TRY(journal.read(segment, [&](FramePlace, const Frame& frame) -> Result<void> {
        if (frame.kind == FrameKind::Predictions) {
            return each_row(frame, [&](StoredRow bytes) -> Result<void> {
                auto row = TRY(decode_prediction(bytes));
                if (seen.insert(row.id).second) {
                    rows.predictions.push_back(std::move(row));
                }
                return {};
            });
        }
        if (frame.kind == FrameKind::Payload) {
            return each_payload(frame, [&](const PayloadView& payload) {
                const auto key = payload_key(payload.model, payload.first_seen, payload.digest);
                if (seen_payloads.emplace(key.high, key.low).second) {
                    rows.payloads.push_back(payload.copy());
                }
                return Result<void>();
            });
        }
        if (frame.kind == FrameKind::Feedback) {
            return each_row(frame, [&](StoredRow bytes) -> Result<void> {
                auto said = TRY(decode_feedback(bytes));
                if (seen_feedback.insert(said.id).second) {
                    rows.feedback.push_back(std::move(said));
                }
                return {};
            });
        }
        if (frame.kind == FrameKind::Erase) {
            const auto erasures = TRY(erasures_of(frame));
            found.erasures.insert(found.erasures.end(), erasures.begin(), erasures.end());
        }
        return {};
    }));
    return found;
}

}  // namespace flywheel
