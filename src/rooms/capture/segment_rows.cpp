// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/segment_rows.h"

#include <set>
#include <unordered_set>
#include <utility>

#include "rooms/capture/frames/feedback_codec.h"
#include "rooms/capture/frames/payload_codec.h"
#include "rooms/capture/frames/prediction_codec.h"

namespace flywheel {

Result<void> SegmentRows::each_prediction(const std::function<Result<void>(Prediction&)>& visit) {
    std::set<std::pair<std::uint64_t, std::uint64_t>> seen_payloads;
    std::unordered_set<Id<Prediction>> seen;
    std::unordered_set<Id<Feedback>> seen_feedback;
    std::vector<Erasure> erasures;
    Prediction row;
    TRY(journal_.read(segment_, [&](FramePlace, const Frame& frame) -> Result<void> {
        if (frame.kind == FrameKind::Predictions) {
            return each_row(frame, [&](StoredRow bytes) -> Result<void> {
                TRY(decode_prediction_into(row, bytes));
                if (!seen.insert(row.id).second) {
                    return {};
                }
                ++predictions_;
                watch_.row(row);
                return visit(row);
            });
        }
        if (frame.kind == FrameKind::Payload) {
            return each_payload(frame, [&](const PayloadView& payload) {
                const auto key = payload_key(payload.model, payload.first_seen, payload.digest);
                if (seen_payloads.emplace(key.high, key.low).second) {
                    payloads_.push_back(payload.copy());
                }
                return Result<void>();
            });
        }
        if (frame.kind == FrameKind::Feedback) {
            return each_row(frame, [&](StoredRow bytes) -> Result<void> {
                auto said = TRY(decode_feedback(bytes));
                if (seen_feedback.insert(said.id).second) {
                    feedback_.push_back(std::move(said));
                }
                return {};
            });
        }
        if (frame.kind == FrameKind::Erase) {
            const auto found = TRY(erasures_of(frame));
            erasures.insert(erasures.end(), found.begin(), found.end());
        }
        return {};
    }));
    return erasures.empty() ? Result<void>() : watch_.erasures(erasures);
}

}  // namespace flywheel
