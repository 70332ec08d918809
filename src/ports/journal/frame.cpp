// SPDX-License-Identifier: Apache-2.0
#include "ports/journal/frame.h"

#include <array>
#include <cstring>

#include "base/bytes.h"
#include "base/hash.h"

namespace flywheel {

namespace {

constexpr std::size_t kHeadBytes = 24;  // without the checksum
constexpr std::size_t kCheckBytes = 8;

/// The checksum covers head and payload but stands between them. The head is moved next to the
/// payload for a moment, so that no byte of the payload need be copied.
std::uint64_t checksum_in_place(char* frame, std::size_t payload_bytes) {
    std::array<char, kHeadBytes + kCheckBytes> kept{};
    std::memcpy(kept.data(), frame, kept.size());
    std::memmove(frame + kCheckBytes, frame, kHeadBytes);
    const std::uint64_t check = xxh3({frame + kCheckBytes, kHeadBytes + payload_bytes});
    std::memcpy(frame, kept.data(), kept.size());
    return check;
}

bool known_kind(std::uint16_t kind) {
    return kind >= static_cast<std::uint16_t>(FrameKind::Predictions) &&
           kind <= static_cast<std::uint16_t>(FrameKind::Footer);
}

/// Offset of the next good frame from `at` on, or npos.
std::size_t next_frame(std::string& bytes, std::size_t at) {
    for (; at + kFrameHeadBytes <= bytes.size(); at += 8) {
        if (bytes_at<std::uint32_t>(bytes.data() + at) == kFrameMagic && frame_at(bytes, at)) {
            return at;
        }
    }
    return std::string::npos;
}

}  // namespace

void append_frame(std::string& out, const Frame& frame, FrameStamp stamp) {
    CHECK(frame.payload.size() <= kFramePayloadBytesMax);
    const std::size_t start = out.size();
    out.resize(start + frame_bytes(frame.payload.size()));
    char* const head = out.data() + start;
    char* to = put_bytes(head, kFrameMagic);
    to = put_bytes(to, static_cast<std::uint16_t>(frame.kind));
    to = put_bytes(to, std::uint16_t{0});
    to = put_bytes(to, static_cast<std::uint32_t>(frame.payload.size()));
    to = put_bytes(to, stamp.thread);
    to = put_bytes(to, stamp.sequence);
    put_bytes(to + kCheckBytes, std::string_view(frame.payload));
    put_bytes(to, checksum_in_place(head, frame.payload.size()));
}

std::optional<FrameView> frame_at(std::string& bytes, std::size_t at) {
    if (at > bytes.size() || bytes.size() - at < kFrameHeadBytes) {
        return std::nullopt;
    }
    char* const head = bytes.data() + at;
    const auto payload_bytes = std::size_t{bytes_at<std::uint32_t>(head + 8)};
    const auto kind = bytes_at<std::uint16_t>(head + 4);
    const bool plausible = bytes_at<std::uint32_t>(head) == kFrameMagic && known_kind(kind) &&
                           bytes_at<std::uint16_t>(head + 6) == 0 &&
                           payload_bytes <= kFramePayloadBytesMax &&
                           frame_bytes(payload_bytes) <= bytes.size() - at;
    if (!plausible ||
        checksum_in_place(head, payload_bytes) != bytes_at<std::uint64_t>(head + kHeadBytes)) {
        return std::nullopt;
    }
    FrameView view;
    view.kind = static_cast<FrameKind>(kind);
    view.stamp.thread = bytes_at<std::uint32_t>(head + 12);
    view.stamp.sequence = bytes_at<std::uint64_t>(head + 16);
    view.payload = std::string_view(head + kFrameHeadBytes, payload_bytes);
    return view;
}

Result<FrameScan> scan_frames(
    std::string& bytes,
    std::size_t begin,
    const std::function<Result<void>(std::size_t, const FrameView&)>& visit
) {
    FrameScan scan;
    scan.good_end = begin;
    while (scan.good_end < bytes.size()) {
        std::size_t at = scan.good_end;
        auto view = frame_at(bytes, at);
        if (!view) {
            at = next_frame(bytes, at + 8);
            if (at == std::string::npos) {
                break;
            }
            view = frame_at(bytes, at);
        }
        TRY(visit(at, *view));
        scan.corrupt_bytes += at - scan.good_end;
        scan.good_end = at + frame_bytes(view->payload.size());
        ++scan.frames;
    }
    scan.torn_bytes = bytes.size() > scan.good_end ? bytes.size() - scan.good_end : 0;
    return scan;
}

}  // namespace flywheel
