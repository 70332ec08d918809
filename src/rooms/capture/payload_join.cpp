// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/payload_join.h"

#include <algorithm>
#include <unordered_map>

#include "rooms/capture/frames/captured_keys.h"
#include "rooms/capture/frames/payload_codec.h"

namespace flywheel {

namespace {

/// Above this all payload frames of the days are read instead of those that the index names.
constexpr std::size_t kNamedMax = 256;

/// Rows without their payload, by what they refer to.
class Waiting {
  public:
    explicit Waiting(std::vector<Prediction>& rows) {
        for (Prediction& row : rows) {
            if (row.payload.empty() && row.payload_bytes > 0) {
                rows_[row.payload_digest].push_back(&row);
                days_.begin = std::min(days_.begin, row.time);
                days_.end = std::max(days_.end, row.time + Duration(1));
            }
        }
        days_ = whole_days(days_);
    }

    [[nodiscard]] bool empty() const { return rows_.empty(); }

    [[nodiscard]] TimeRange days() const { return days_; }

    [[nodiscard]] std::vector<Digest> digests() const {
        std::vector<Digest> digests;
        for (const auto& [digest, rows] : rows_) {
            digests.push_back(digest);
        }
        std::ranges::sort(digests);
        return digests;
    }

    void give(const Digest& digest, std::string_view bytes) {
        const auto found = rows_.find(digest);
        if (found == rows_.end()) {
            return;
        }
        for (Prediction* row : found->second) {
            row->payload = bytes;
        }
        rows_.erase(found);
    }

  private:
    std::unordered_map<Digest, std::vector<Prediction*>, DigestHash> rows_;
    TimeRange days_{Time::max(), Time::min()};
};

std::vector<FramePlace> frames_of(
    const JournalIndex& index, const std::string& model, const Waiting& waiting
) {
    const auto digests = waiting.digests();
    if (digests.size() > kNamedMax) {
        return index.frames(FrameKind::Payload, waiting.days());
    }
    std::vector<std::uint64_t> keys;
    for (const Digest& digest : digests) {
        keys.push_back(key_of(model, digest));
    }
    return index.find(FrameKind::Payload, keys);
}

}  // namespace

Result<void> join_payloads(
    const PayloadPlaces& places, const std::string& model, std::vector<Prediction>& rows
) {
    Waiting waiting(rows);
    if (waiting.empty()) {
        return {};
    }
    const auto frames = frames_of(places.index, model, waiting);
    for (const FramePlace place : frames) {
        const auto frame = places.journal.read_at(place);
        if (!frame) {
            const Code code = frame.error().code;
            if (code != Code::NotFound && code != Code::Corrupt) {
                return frame.error();
            }
            continue;  // rolled meanwhile, or damaged
        }
        TRY(each_payload(*frame, [&](const PayloadView& payload) {
            if (payload.model == model) {
                waiting.give(payload.digest, payload.bytes);
            }
            return Result<void>();
        }));
    }
    if (waiting.empty()) {
        return {};
    }
    return places.columns.find_payloads(
        {model, waiting.days(), waiting.digests()},
        [&](Payload&& payload) {
            waiting.give(payload.digest, payload.bytes);
            return Result<void>();
        }
    );
}

}  // namespace flywheel
