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

RowBuffers::Outcome RowBuffers::add(Prediction&& row) {
    const bool too_large = row.payload.size() > kPayloadBytesMax;
    if (too_large) {
        row.payload = std::string();
    }
    const std::size_t bytes = prediction_bytes(row);
    Buffer& buffer = mine();
    const std::lock_guard lock(buffer.mutex);
    ++buffer.tally.recorded;
    if (buffer.closed || buffer.bytes + bytes > buffer_bytes_) {
        ++buffer.tally.dropped;
        return Outcome::Dropped;
    }
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

void RowBuffers::drain(std::vector<Frame>& frames) {
    for (Buffer& buffer : buffers_) {
        const std::lock_guard lock(buffer.mutex);
        std::ranges::move(buffer.frames, std::back_inserter(frames));
        buffer.frames.clear();
        buffer.bytes = 0;
        buffer.said_half_full = false;
    }
}

RowTally RowBuffers::tally() const {
    RowTally sum;
    for (const Buffer& buffer : buffers_) {
        const std::lock_guard lock(buffer.mutex);
        sum.recorded += buffer.tally.recorded;
        sum.dropped += buffer.tally.dropped;
        sum.payloads_left_out += buffer.tally.payloads_left_out;
    }
    return sum;
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
