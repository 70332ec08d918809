// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/row_buffers.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <thread>

#include "base/rng.h"
#include "rooms/capture/prediction_codec.h"

namespace flywheel {

RowBuffers::Buffer& RowBuffers::mine() {
    const auto thread = std::hash<std::thread::id>()(std::this_thread::get_id());
    return buffers_[mix64(thread) % kBuffers];
}

RowBuffers::RowBuffers(std::size_t buffer_bytes, std::size_t rules) : buffer_bytes_(buffer_bytes) {
    for (Buffer& buffer : buffers_) {
        buffer.tally.kept.resize(rules);
    }
}

void RowBuffers::pass_over(Reason reason) {
    Buffer& buffer = mine();
    const std::lock_guard lock(buffer.mutex);
    ++(reason == Reason::Disk ? buffer.tally.dropped_disk : buffer.tally.sampled_away);
}

RowBuffers::Outcome RowBuffers::add(Prediction&& row, std::size_t rule) {
    const bool too_large = row.payload.size() > kPayloadBytesMax;
    if (too_large) {
        row.payload = std::string();
    }
    const std::size_t bytes = prediction_bytes(row);
    Buffer& buffer = mine();
    const std::lock_guard lock(buffer.mutex);
    if (buffer.closed || buffer.bytes + bytes > buffer_bytes_) {
        ++buffer.tally.dropped_buffer;
        buffer.refused = true;
        return Outcome::Dropped;
    }
    ++buffer.tally.kept[rule];
    buffer.tally.payloads_left_out += too_large ? 1 : 0;
    if (buffer.frames.empty() || buffer.frames.back().payload.size() + bytes > kFrameBytes) {
        Frame& frame = buffer.frames.emplace_back();
        frame.payload.reserve(kFrameBytes);
        begin_rows(frame.payload, frame.kind);
    }
    append_prediction(buffer.frames.back().payload, row);
    buffer.bytes += bytes;
    if (buffer.bytes > buffer_bytes_ / 2 && !buffer.said_half_full) {
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

std::size_t RowBuffers::drain(std::vector<Frame>& frames, std::size_t room) {
    std::size_t moved = 0;
    for (Buffer& buffer : buffers_) {
        const std::lock_guard lock(buffer.mutex);
        if (buffer.bytes > room - moved) {
            continue;
        }
        moved += buffer.bytes;
        std::ranges::move(buffer.frames, std::back_inserter(frames));
        buffer.frames.clear();
        buffer.bytes = 0;
        buffer.said_half_full = false;
        buffer.refused = false;
    }
    return moved;
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
    double most = 0;
    for (const Buffer& buffer : buffers_) {
        const std::lock_guard lock(buffer.mutex);
        const double full = static_cast<double>(buffer.bytes) / static_cast<double>(buffer_bytes_);
        most = std::max(most, buffer.refused ? 1.0 : full);
    }
    return most;
}

std::size_t RowBuffers::waiting_bytes() const {
    std::size_t bytes = 0;
    for (const Buffer& buffer : buffers_) {
        const std::lock_guard lock(buffer.mutex);
        bytes += buffer.bytes;
    }
    return bytes;
}

}  // namespace flywheel
