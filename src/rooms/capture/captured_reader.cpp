// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/captured_reader.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <unordered_set>

#include "base/hash.h"
#include "ports/columns/row_keys.h"
#include "records/feedback.h"
#include "rooms/capture/frames/captured_keys.h"
#include "rooms/capture/frames/feedback_codec.h"
#include "rooms/capture/frames/prediction_codec.h"
#include "rooms/capture/payload_join.h"

namespace flywheel {

namespace {

/// Read at the most to find recent payloads; a frame has up to 64 KiB.
constexpr std::size_t kRecentFrames = 64;
/// Of recent payloads together; a larger one is given when it is the newest.
constexpr std::uint64_t kRecentBytes = 64U << 20U;

bool within(TimeRange range, Time time) {
    return range.begin <= time && time < range.end;
}

bool is_live(const Prediction& row) {
    return (row.route == Route::Stable || row.route == Route::Canary) && row.status == 200;
}

/// Keeps the first rows whose payloads have so many bytes together, at least one row.
void drop_beyond(std::uint64_t bytes, std::vector<Prediction>& rows) {
    std::uint64_t sum = 0;
    std::size_t kept = 0;
    for (; kept < rows.size(); ++kept) {
        sum += std::max<std::uint64_t>(rows[kept].payload_bytes, rows[kept].payload.size());
        if (kept > 0 && sum > bytes) {
            break;
        }
    }
    rows.resize(kept);
}

/// Sorts by (time, id) and keeps one of each.
void sort_once(std::vector<Prediction>& rows) {
    std::ranges::sort(rows, [](const Prediction& a, const Prediction& b) {
        return std::pair(a.time, a.id) < std::pair(b.time, b.id);
    });
    const auto repeated = std::ranges::unique(rows, {}, &Prediction::id);
    rows.erase(repeated.begin(), repeated.end());
}

/// `rolled` arrived before `journaled`, or is the same; of equal times the earlier frame comes
/// first.
std::vector<Feedback> merge_once(std::vector<Feedback> rolled, std::vector<Feedback> journaled) {
    std::ranges::move(journaled, std::back_inserter(rolled));
    std::unordered_set<Id<Feedback>> seen;
    std::erase_if(rolled, [&](const Feedback& said) { return !seen.insert(said.id).second; });
    std::ranges::stable_sort(rolled, {}, &Feedback::arrived);
    return rolled;
}

/// Frames of one kind, decoded row by row. A frame that is gone was rolled meanwhile; a damaged one
/// is skipped, as recovery and roll skip it (they also count it).
template <class Row, class Decode>
Result<void> decode_frames(
    const Journal& journal,
    const std::vector<FramePlace>& places,
    const Decode& decode,
    const std::function<Result<void>(Row&&)>& visit
) {
    for (const FramePlace place : places) {
        const auto frame = journal.read_at(place);
        if (!frame) {
            const Code code = frame.error().code;
            if (code != Code::NotFound && code != Code::Corrupt) {
                return frame.error();
            }
            continue;
        }
        TRY(each_row(*frame, [&](StoredRow bytes) -> Result<void> {
            return visit(TRY(decode(bytes)));
        }));
    }
    return {};
}

}  // namespace

Result<void> CapturedReader::read_frames(
    const std::vector<FramePlace>& places, const VisitPrediction& visit
) const {
    return decode_frames<Prediction>(journal_, places, decode_prediction, visit);
}

Result<void> CapturedReader::read_frames(
    const std::vector<FramePlace>& places, const VisitFeedback& visit
) const {
    return decode_frames<Feedback>(journal_, places, decode_feedback, visit);
}

Result<void> CapturedReader::each_prediction(
    const std::string& model,
    TimeRange range,
    RowParts parts,
    const std::function<Result<void>(const Prediction&)>& visit
) const {
    // Rows that are rolled meanwhile are met again in the columns; the journal holds few.
    std::unordered_set<Id<Prediction>> seen;
    const VisitPrediction take = [&](Prediction&& row) -> Result<void> {
        if (row.model != model || !within(range, row.time) || erased_.covers(row) ||
            !seen.insert(row.id).second) {
            return {};
        }
        return visit(row);
    };
    TRY(read_frames(index_.frames(FrameKind::Predictions, range), take));
    return columns_
        .scan_predictions(model, range, parts, [&](const Prediction& row) -> Result<void> {
            const bool again = !seen.empty() && seen.contains(row.id);
            return again || erased_.covers(row) ? Result<void>() : visit(row);
        });
}

Result<void> CapturedReader::each_feedback(
    const std::string& model,
    TimeRange arrived,
    const std::function<Result<void>(const Feedback&)>& visit
) const {
    std::vector<Feedback> journaled;
    std::unordered_set<Id<Feedback>> seen;
    const VisitFeedback take = [&](Feedback&& said) -> Result<void> {
        if (said.model == model && within(arrived, said.arrived) && seen.insert(said.id).second) {
            journaled.push_back(std::move(said));
        }
        return {};
    };
    TRY(read_frames(index_.frames(FrameKind::Feedback, arrived), take));
    TRY(columns_.scan_feedback(model, arrived, [&](const Feedback& said) -> Result<void> {
        const bool again = !seen.empty() && seen.contains(said.id);
        return again ? Result<void>() : visit(said);
    }));
    for (const Feedback& said : journaled) {
        TRY(visit(said));
    }
    return {};
}

Result<std::vector<Prediction>> CapturedReader::predictions(
    const std::string& model, TimeRange range
) const {
    std::vector<Prediction> rows;
    TRY(each_prediction(model, range, RowParts::Whole, [&](const Prediction& row) -> Result<void> {
        if (is_live(row)) {
            rows.push_back(row);
        }
        return {};
    }));
    sort_once(rows);
    TRY(join_payloads({journal_, index_, columns_}, model, rows));
    return rows;
}

Result<RowSample> CapturedReader::sample(const SampleWish& wish) const {
    RowSample sample;
    std::vector<std::pair<std::uint64_t, Prediction>> kept;  // a heap, the greatest hash on top
    const auto by_hash = [](const auto& a, const auto& b) { return a.first < b.first; };
    const auto take = [&](const Prediction& row) -> Result<void> {
        const bool fits = row.route != Route::Shadow &&
                          (wish.version.empty() || row.version == wish.version) &&
                          (!wish.label || row.label == *wish.label);
        if (!fits) {
            return {};
        }
        ++sample.of;
        const std::uint64_t hash = xxh3(row.id.text());
        if (kept.size() == wish.most) {
            if (wish.most == 0 || hash >= kept.front().first) {
                return {};
            }
            std::ranges::pop_heap(kept, by_hash);
            kept.pop_back();
        }
        kept.emplace_back(hash, row);
        std::ranges::push_heap(kept, by_hash);
        return {};
    };
    TRY(each_prediction(wish.model, wish.served, RowParts::Light, take));
    for (auto& [hash, row] : kept) {
        sample.rows.push_back(std::move(row));
    }
    std::ranges::sort(sample.rows, {}, [](const Prediction& row) { return row.time; });
    TRY(join_payloads({journal_, index_, columns_}, wish.model, sample.rows));
    return sample;
}

Result<std::vector<CapturedPayload>> CapturedReader::recent_payloads(
    const std::string& model, std::size_t most
) const {
    std::vector<Prediction> rows;
    const auto places = index_.frames(FrameKind::Predictions, {Time::min(), Time::max()});
    const std::size_t read = std::min(places.size(), kRecentFrames);
    for (std::size_t i = 1; i <= read && rows.size() < most; ++i) {
        std::vector<Prediction> of_frame;
        const VisitPrediction take = [&](Prediction&& row) -> Result<void> {
            const bool has_payload = !row.payload.empty() || row.payload_bytes > 0;
            if (row.model == model && row.status == 200 && has_payload && !erased_.covers(row)) {
                of_frame.push_back(std::move(row));
            }
            return {};
        };
        TRY(read_frames({places[places.size() - i]}, take));
        std::move(of_frame.rbegin(), of_frame.rend(), std::back_inserter(rows));
    }
    rows.resize(std::min(rows.size(), most));
    drop_beyond(kRecentBytes, rows);
    TRY(join_payloads({journal_, index_, columns_}, model, rows));
    std::vector<CapturedPayload> payloads;
    for (Prediction& row : rows) {
        if (!row.payload.empty()) {
            payloads.push_back({std::move(row.media_type), std::move(row.payload)});
        }
    }
    return payloads;
}

Result<std::vector<Feedback>> CapturedReader::feedback(const std::string& model, TimeRange arrived)
    const {
    std::vector<Feedback> said;
    TRY(each_feedback(model, arrived, [&](const Feedback& one) -> Result<void> {
        said.push_back(one);
        return {};
    }));
    std::unordered_set<Id<Feedback>> seen;
    std::erase_if(said, [&](const Feedback& one) { return !seen.insert(one.id).second; });
    std::ranges::stable_sort(said, {}, &Feedback::arrived);
    return said;
}

Result<std::vector<Prediction>> CapturedReader::rows_meant(
    const std::string& model, const std::string& id
) const {
    std::vector<Prediction> rows;
    const std::vector<std::uint64_t> keys = {key_of(model, id)};
    const VisitPrediction take = [&](Prediction&& row) -> Result<void> {
        if (row.model == model && means_row(id, row)) {
            rows.push_back(std::move(row));
        }
        return {};
    };
    TRY(read_frames(index_.find(FrameKind::Predictions, keys), take));
    auto spans = TRY(columns_.times_of(NamedBy::RequestId, model, keys));
    if (const auto uuid = Uuid::parse(id)) {
        spans.push_back(around(*uuid));
    }
    for (const TimeRange& span : apart(std::move(spans))) {
        TRY(columns_.scan_predictions(
            model,
            span,
            RowParts::Light,
            [&](const Prediction& row) -> Result<void> {
                if (means_row(id, row)) {
                    rows.push_back(row);
                }
                return {};
            }
        ));
    }
    std::erase_if(rows, [&](const Prediction& row) { return erased_.covers(row); });
    sort_once(rows);
    std::ranges::stable_sort(rows, {}, [](const Prediction& row) { return row.id.uuid.row(); });
    return rows;
}

Result<std::vector<Feedback>> CapturedReader::feedback_about(
    const std::string& model, const std::string& id, const std::vector<Prediction>& rows
) const {
    std::set<std::uint64_t> keys = {key_of(model, id)};
    for (const Prediction& row : rows) {
        keys.insert(key_of(model, row.id.uuid));
        keys.insert(key_of(model, row.request_id));
    }
    const auto about = [&](const Feedback& said) {
        return said.model == model &&
               (said.target == id || std::ranges::any_of(rows, [&](const Prediction& row) {
                    return is_about(said.target, row);
                }));
    };
    std::vector<Feedback> journaled;
    const VisitFeedback take = [&](Feedback&& said) -> Result<void> {
        if (about(said)) {
            journaled.push_back(std::move(said));
        }
        return {};
    };
    const std::vector<std::uint64_t> wanted(keys.begin(), keys.end());
    TRY(read_frames(index_.find(FrameKind::Feedback, wanted), take));
    std::vector<Feedback> rolled;
    const auto spans = TRY(columns_.times_of(NamedBy::Target, model, wanted));
    for (const TimeRange& span : spans) {
        TRY(columns_.scan_feedback(model, span, [&](const Feedback& said) -> Result<void> {
            if (about(said)) {
                rolled.push_back(said);
            }
            return {};
        }));
    }
    return merge_once(std::move(rolled), std::move(journaled));
}

/// The row of each feedback. Who asked by the id of one attempt has not got the others yet, and a
/// request id may mean one of those.
Result<std::vector<Id<Prediction>>> CapturedReader::rows_said_of(
    const std::string& model, const std::string& id, const CapturedRequest& request
) const {
    std::vector<Prediction> attempts = request.rows;
    std::set<std::string> shared;
    for (const Feedback& said : request.feedback) {
        if (said.target != id) {
            shared.insert(said.target);
        }
    }
    for (const std::string& target : shared) {
        const bool is_request = std::ranges::any_of(request.rows, [&](const Prediction& row) {
            return row.request_id == target && !is_base_text(target, row.id.uuid);
        });
        if (is_request) {
            const auto others = TRY(rows_meant(model, target));
            attempts.insert(attempts.end(), others.begin(), others.end());
        }
    }
    std::vector<Id<Prediction>> about;
    for (const Feedback& said : request.feedback) {
        const Prediction* row = row_meant(said, attempts);
        about.push_back(row != nullptr ? row->id : Id<Prediction>{});
    }
    return about;
}

Result<CapturedRequest> CapturedReader::find(const std::string& model, const std::string& id)
    const {
    CapturedRequest request;
    request.rows = TRY(rows_meant(model, id));
    TRY(join_payloads({journal_, index_, columns_}, model, request.rows));
    request.feedback = TRY(feedback_about(model, id, request.rows));
    request.about = TRY(rows_said_of(model, id, request));
    if (request.rows.empty() && request.feedback.empty()) {
        return not_found("No captured request has this id: " + id);
    }
    return request;
}

Result<bool> CapturedReader::has_row(const std::string& model, const std::string& target) const {
    const auto uuid = Uuid::parse(target);
    const auto rows = TRY(rows_meant(model, uuid ? uuid->with_row(0).text() : target));
    return !rows.empty();
}

}  // namespace flywheel
