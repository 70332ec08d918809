// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/journal_index.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "rooms/capture/frames/captured_keys.h"
#include "rooms/capture/frames/feedback_codec.h"
#include "rooms/capture/frames/payload_codec.h"
#include "rooms/capture/frames/prediction_codec.h"

namespace flywheel {

namespace {

/// Unsorted keys are looked through one by one; so many are soon looked through.
constexpr std::size_t kUnsortedKeysMax = 8192;

void widen(TimeRange& times, Time time) {
    times.begin = std::min(times.begin, time);
    times.end = std::max(times.end, time);
}

Result<void> take_prediction(StoredRow row, FrameContents& contents) {
    const RowKeys keys = TRY(prediction_keys(row));
    widen(contents.times, keys.time);
    contents.keys.push_back(key_of(keys.model, keys.id.uuid));
    if (!keys.request_id.empty()) {
        contents.keys.push_back(key_of(keys.model, keys.request_id));
    }
    return {};
}

Result<void> take_feedback(StoredRow row, FrameContents& contents) {
    const Feedback said = TRY(decode_feedback(row));
    widen(contents.times, said.arrived);
    contents.keys.push_back(key_of(said.model, said.target));
    return {};
}

}  // namespace

Result<FrameContents> contents_of(const Frame& frame) {
    FrameContents contents;
    if (frame.kind == FrameKind::Erase) {
        return contents;  // found by nobody: who opens the journal reads all of them
    }
    if (frame.kind == FrameKind::Payload) {
        TRY(each_payload(frame, [&](const PayloadView& payload) {
            widen(contents.times, payload.first_seen);
            contents.keys.push_back(key_of(payload.model, payload.digest));
            return Result<void>();
        }));
        return contents;
    }
    const bool predictions = frame.kind == FrameKind::Predictions;
    if (!predictions && frame.kind != FrameKind::Feedback) {
        return corrupt("Frame holds no captured rows");
    }
    TRY(each_row(frame, [&](StoredRow row) {
        ++contents.rows;
        return predictions ? take_prediction(row, contents) : take_feedback(row, contents);
    }));
    return contents;
}

namespace {

Result<std::vector<FrameFound>> look_into_segment(const Journal& journal, std::uint64_t segment) {
    std::vector<FrameFound> frames;
    TRY(journal.read(segment, [&](FramePlace place, const Frame& frame) -> Result<void> {
        FrameFound& found = frames.emplace_back();
        found.place = place;
        found.kind = frame.kind;
        found.contents = TRY(contents_of(frame));
        if (frame.kind != FrameKind::Predictions) {
            found.frame = frame;
        }
        return {};
    }));
    return frames;
}

}  // namespace

Result<void> look_into_segments(
    const Journal& journal,
    const std::vector<std::uint64_t>& segments,
    const std::function<Result<void>(FrameFound&&)>& visit
) {
    std::vector<Result<std::vector<FrameFound>>> found(segments.size(), std::vector<FrameFound>());
    std::atomic<std::size_t> next = 0;
    const auto work = [&] {
        for (std::size_t at = next++; at < segments.size(); at = next++) {
            found[at] = look_into_segment(journal, segments[at]);
        }
    };
    std::thread helper(work);
    work();
    helper.join();
    for (auto& segment : found) {
        auto frames = TRY(std::move(segment));
        for (FrameFound& frame : frames) {
            TRY(visit(std::move(frame)));
        }
    }
    return {};
}

void JournalIndex::add(FramePlace place, FrameKind kind, FrameContents contents) {
    // The rows of one request share a key.
    std::ranges::sort(contents.keys);
    const auto repeats = std::ranges::unique(contents.keys);
    contents.keys.erase(repeats.begin(), repeats.end());
    const std::unique_lock lock(mutex_);
    Segment& segment = segments_[place.segment];
    const auto frame = static_cast<std::uint32_t>(segment.frames.size());
    segment.frames.push_back({place.offset, kind, contents.times});
    segment.rows += contents.rows;
    for (const auto key : contents.keys) {
        segment.keys.push_back({key, frame});
    }
    if (segment.keys.size() - segment.sorted > kUnsortedKeysMax) {
        const auto middle = segment.keys.begin() + static_cast<std::ptrdiff_t>(segment.sorted);
        const auto by_key = [](const Key& a, const Key& b) { return a.key < b.key; };
        std::stable_sort(middle, segment.keys.end(), by_key);
        std::inplace_merge(segment.keys.begin(), middle, segment.keys.end(), by_key);
        segment.sorted = segment.keys.size();
    }
}

void JournalIndex::forget(std::uint64_t segment) {
    const std::unique_lock lock(mutex_);
    segments_.erase(segment);
}

std::vector<FramePlace> JournalIndex::frames(FrameKind kind, TimeRange range) const {
    std::vector<FramePlace> places;
    const std::shared_lock lock(mutex_);
    for (const auto& [number, segment] : segments_) {
        for (const auto& frame : segment.frames) {
            if (frame.kind == kind && frame.times.end >= range.begin &&
                frame.times.begin < range.end) {
                places.push_back({number, frame.offset});
            }
        }
    }
    return places;
}

std::vector<FramePlace> JournalIndex::find(FrameKind kind, std::span<const std::uint64_t> keys)
    const {
    std::set<FramePlace> places;
    const std::shared_lock lock(mutex_);
    for (const auto& [number, segment] : segments_) {
        const auto take = [&, at = number, &in = segment](const Key& key) {
            const IndexedFrame& frame = in.frames[key.frame];
            if (frame.kind == kind) {
                places.insert({at, frame.offset});
            }
        };
        for (const auto wanted : keys) {
            segment.each(wanted, take);
        }
    }
    return {places.begin(), places.end()};
}

bool JournalIndex::contains(FrameKind kind, std::uint64_t key) const {
    const std::shared_lock lock(mutex_);
    return std::ranges::any_of(segments_, [&](const auto& one) {
        const Segment& segment = one.second;
        const std::span<const Key> all(segment.keys);
        const auto sorted = std::ranges::equal_range(all.first(segment.sorted), key, {}, &Key::key);
        const auto is_there = [&](const Key& entry) {
            return entry.key == key && segment.frames[entry.frame].kind == kind;
        };
        return std::ranges::any_of(sorted, is_there) ||
               std::ranges::any_of(all.subspan(segment.sorted), is_there);
    });
}

std::optional<Time> JournalIndex::oldest() const {
    const std::shared_lock lock(mutex_);
    for (const auto& [number, segment] : segments_) {
        Time least = Time::max();
        for (const IndexedFrame& frame : segment.frames) {
            least = std::min(least, frame.times.begin);
        }
        if (least != Time::max()) {
            return least;
        }
    }
    return std::nullopt;
}

std::uint64_t JournalIndex::rows(std::uint64_t segment) const {
    const std::shared_lock lock(mutex_);
    const auto found = segments_.find(segment);
    return found == segments_.end() ? 0 : found->second.rows;
}

}  // namespace flywheel
