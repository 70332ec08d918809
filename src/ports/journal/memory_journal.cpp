// SPDX-License-Identifier: Apache-2.0
#include "ports/journal/memory_journal.h"

#include <fmt/format.h>

#include "ports/journal/frame.h"

namespace flywheel {

namespace {

Error no_segment(std::uint64_t segment) {
    return not_found(fmt::format("The journal has no such segment: {}", segment));
}

}  // namespace

Result<std::vector<FramePlace>> MemoryJournal::append(const std::vector<Frame>& group) {
    const std::lock_guard lock(mutex_);
    if (open_ == 0) {
        open_ = ++last_;
    }
    Segment& segment = segments_[open_];
    std::vector<FramePlace> places;
    for (const Frame& frame : group) {
        places.push_back({open_, segment.frames.size()});
        segment.frames.push_back(frame);
    }
    return places;
}

Result<void> MemoryJournal::sync() {
    const std::lock_guard lock(mutex_);
    if (open_ != 0) {
        segments_[open_].synced = segments_[open_].frames.size();
    }
    return {};
}

Result<void> MemoryJournal::seal() {
    const std::lock_guard lock(mutex_);
    return seal_locked();
}

Result<void> MemoryJournal::seal_locked() {
    if (open_ != 0) {
        segments_[open_].synced = segments_[open_].frames.size();
        open_ = 0;
    }
    return {};
}

Result<std::vector<std::uint64_t>> MemoryJournal::sealed() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::uint64_t> numbers;
    for (const auto& [number, segment] : segments_) {
        if (number != open_) {
            numbers.push_back(number);
        }
    }
    return numbers;
}

Result<void> MemoryJournal::read(
    std::uint64_t segment, const std::function<Result<void>(FramePlace, const Frame&)>& visit
) const {
    std::vector<Frame> frames;
    {
        const std::lock_guard lock(mutex_);
        const auto found = segments_.find(segment);
        if (found == segments_.end()) {
            return no_segment(segment);
        }
        frames = found->second.frames;
    }
    for (std::size_t i = 0; i < frames.size(); ++i) {
        TRY(visit({segment, i}, frames[i]));
    }
    return {};
}

Result<Frame> MemoryJournal::read_at(FramePlace place) const {
    const std::lock_guard lock(mutex_);
    const auto found = segments_.find(place.segment);
    if (found == segments_.end()) {
        return no_segment(place.segment);
    }
    if (place.offset >= found->second.frames.size()) {
        return corrupt(
            fmt::format("No good frame stands there: segment {}, {}", place.segment, place.offset)
        );
    }
    return found->second.frames[place.offset];
}

std::uint64_t MemoryJournal::open_segment() const {
    const std::lock_guard lock(mutex_);
    return open_;
}

Result<void> MemoryJournal::drop(std::uint64_t segment) {
    const std::lock_guard lock(mutex_);
    if (segment == open_ || segments_.erase(segment) == 0) {
        return no_segment(segment);
    }
    return {};
}

JournalHealth MemoryJournal::health() const {
    const std::lock_guard lock(mutex_);
    JournalHealth health;
    health.segments = segments_.size();
    for (const auto& [number, segment] : segments_) {
        for (const Frame& frame : segment.frames) {
            const auto bytes = frame_bytes(frame.payload.size());
            health.bytes += bytes;
            health.sealed_bytes += number == open_ ? 0 : bytes;
        }
    }
    return health;
}

void MemoryJournal::crash() {
    const std::lock_guard lock(mutex_);
    if (open_ != 0) {
        Segment& segment = segments_[open_];
        segment.frames.resize(segment.synced);
        if (segment.frames.empty()) {
            segments_.erase(open_);
        }
        open_ = 0;
    }
}

}  // namespace flywheel
