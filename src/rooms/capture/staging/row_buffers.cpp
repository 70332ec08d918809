// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/staging/row_buffers.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <thread>

#include "base/rng.h"
#include "rooms/capture/frames/payload_codec.h"
#include "rooms/capture/frames/prediction_codec.h"

namespace flywheel {

namespace {

constexpr std::size_t kSpareFrames = 16;
constexpr std::size_t kFrameHead = 16;

/// What the row may take beyond its own bytes where it waits for the disk, its payload taken out of
/// it: counted here, so that what was let in never takes more than the bound there.
std::size_t overhead_behind(const Prediction& row) {
    return kFrameHead +
           (row.payload.empty() ? 0 : payload_bytes({{}, row.model, row.media_type, {}, row.time}));
}

}  // namespace

RowBuffers::Buffer& RowBuffers::mine() {
    const auto thread = std::hash<std::thread::id>()(std::this_thread::get_id());
    return buffers_[mix64(thread) % kBuffers];
}

RowBuffers::RowBuffers(std::size_t buffer_bytes, std::size_t rules)
    : bound_(kBuffers * buffer_bytes) {
    for (Buffer& buffer : buffers_) {
        buffer.tally.kept.resize(rules);
    }
}

void RowBuffers::pass_over(Reason reason) {
    Buffer& buffer = mine();
    const std::lock_guard lock(buffer.mutex);
    ++(reason == Reason::Disk ? buffer.tally.dropped_disk : buffer.tally.sampled_away);
}

/// False when so many more bytes of rows would be over the bound, which is never passed.
bool RowBuffers::reserve(std::size_t bytes) {
    std::size_t now = waiting_.load(std::memory_order_relaxed);
    while (now + bytes <= bound_) {
        if (waiting_.compare_exchange_weak(now, now + bytes)) {
            return true;
        }
    }
    return false;
}

/// False when too many large payloads wait already.
bool RowBuffers::reserve_large(std::size_t bytes) {
    if (large_bytes_.fetch_add(bytes) + bytes <= kLargeBytesMax) {
        return true;
    }
    large_bytes_ -= bytes;
    return false;
}

void RowBuffers::release_large(std::size_t bytes) {
    large_bytes_ -= bytes;
}

RowBuffers::Outcome RowBuffers::add(Prediction&& row, std::size_t rule) {
    row.payload_bytes = row.payload.size();
    const bool large = row.payload.size() > kCarriedBytesMax;
    const bool left_out = large && !reserve_large(row.payload.size());
    std::string beside;
    if (large) {
        beside.swap(row.payload);
        row.payload_bytes = left_out ? 0 : beside.size();
    }
    const std::size_t bytes = prediction_bytes(row) + overhead_behind(row);
    Buffer& buffer = mine();
    const std::lock_guard lock(buffer.mutex);
    if (buffer.closed || !reserve(bytes)) {
        ++buffer.tally.dropped_buffer;
        buffer.refused = true;
        release_large(row.payload_bytes > row.payload.size() ? beside.size() : 0);
        return Outcome::Dropped;
    }
    ++buffer.tally.kept[rule];
    buffer.tally.payloads_left_out += left_out ? 1 : 0;
    auto& frames = buffer.rows.frames;
    if (frames.empty() || frames.back().payload.size() + bytes > kFrameBytes) {
        begin_rows(frames.emplace_back(new_frame()).payload, FrameKind::Predictions);
    }
    append_prediction(frames.back().payload, row);
    if (large && !left_out) {
        buffer.rows.large.push_back(std::move(beside));
    }
    buffer.bytes += bytes;
    if (buffer.bytes > bound_ / 2 && !buffer.said_half_full) {
        buffer.said_half_full = true;
        return Outcome::StoredHalfFull;
    }
    return Outcome::Stored;
}

void RowBuffers::close() {
    for (Buffer& buffer : buffers_) {
        const std::lock_guard lock(buffer.mutex);
        buffer.closed = true;
    }
}

Frame RowBuffers::new_frame() {
    {
        const std::lock_guard lock(spare_mutex_);
        if (!spare_.empty()) {
            Frame frame = std::move(spare_.back());
            spare_.pop_back();
            return frame;
        }
    }
    Frame frame;
    frame.payload.reserve(kFrameBytes);
    return frame;
}

void RowBuffers::reuse(std::vector<Frame>&& frames) {
    const std::lock_guard lock(spare_mutex_);
    for (Frame& frame : frames) {
        if (spare_.size() < kSpareFrames && frame.payload.capacity() <= 2 * kFrameBytes) {
            spare_.push_back(std::move(frame));
        }
    }
}

RowBuffers::Drained RowBuffers::drain(std::size_t room) {
    Drained drained;
    StagedRows& out = drained.rows;
    std::size_t moved = 0;
    for (Buffer& buffer : buffers_) {
        const std::lock_guard lock(buffer.mutex);
        if (buffer.bytes > room - moved) {
            drained.complete = false;
            continue;
        }
        moved += buffer.bytes;
        waiting_ -= buffer.bytes;
        std::ranges::move(buffer.rows.frames, std::back_inserter(out.frames));
        std::ranges::move(buffer.rows.large, std::back_inserter(out.large));
        buffer.rows.frames.clear();
        buffer.rows.large.clear();
        buffer.bytes = 0;
        buffer.said_half_full = false;
        buffer.refused = false;
    }
    return drained;
}

RowTally RowBuffers::tally() const {
    RowTally sum;
    for (const Buffer& buffer : buffers_) {
        const std::lock_guard lock(buffer.mutex);
        sum.kept.resize(buffer.tally.kept.size());
        std::ranges::transform(sum.kept, buffer.tally.kept, sum.kept.begin(), std::plus());
        sum.sampled_away += buffer.tally.sampled_away;
        sum.dropped_buffer += buffer.tally.dropped_buffer;
        sum.dropped_disk += buffer.tally.dropped_disk;
        sum.payloads_left_out += buffer.tally.payloads_left_out;
    }
    return sum;
}

double RowBuffers::fullness() const {
    bool refused = false;
    for (const Buffer& buffer : buffers_) {
        const std::lock_guard lock(buffer.mutex);
        refused = refused || buffer.refused;
    }
    return refused ? 1.0 : static_cast<double>(waiting_) / static_cast<double>(bound_);
}

std::size_t RowBuffers::waiting_bytes() const {
    return large_bytes_ + waiting_;
}

}  // namespace flywheel
