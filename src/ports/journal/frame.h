#pragma once
// SPDX-License-Identifier: Apache-2.0
// Frames as bytes: head, checksum, payload, padding (docs/internals/formats.md, 1.2), and the walk
// over bytes that may be damaged. Used by the adapters of Journal. Pure functions, any thread.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ports/journal/journal.h"

namespace flywheel {

inline constexpr std::uint32_t kFrameMagic = 0x4D465746;
inline constexpr std::size_t kFrameHeadBytes = 32;
/// A longer payload is refused; a length field above this is damage.
inline constexpr std::size_t kFramePayloadBytesMax = 256U << 20U;

/// Bytes of a whole frame: head, payload, padding to a multiple of 8.
[[nodiscard]] constexpr std::size_t frame_bytes(std::size_t payload_bytes) {
    return (kFrameHeadBytes + payload_bytes + 7) / 8 * 8;
}

/// Who wrote a frame, and as which one.
struct FrameStamp {
    std::uint32_t thread = 0;
    std::uint64_t sequence = 0;
    bool operator==(const FrameStamp&) const = default;
};

/// A good frame within bytes of the caller.
struct FrameView {
    FrameKind kind = FrameKind::Predictions;
    FrameStamp stamp;
    std::string_view payload;
};

/// Appends one frame; the payload is at most kFramePayloadBytesMax long.
void append_frame(std::string& out, const Frame& frame, FrameStamp stamp);

/// The good frame that starts at `at`, if one does. `bytes` is changed while it is checked and is
/// as before on return, so nobody else may look at it meanwhile.
[[nodiscard]] std::optional<FrameView> frame_at(std::string& bytes, std::size_t at);

struct FrameScan {
    std::size_t good_end = 0;       ///< Behind the last good frame; `begin` when there is none.
    std::size_t corrupt_bytes = 0;  ///< Between good frames.
    std::size_t torn_bytes = 0;     ///< Behind the last good frame.
    std::size_t frames = 0;
};

/// Walks from `begin` (a multiple of 8) to the end, over damage, and calls `visit` with the offset
/// of each good frame. An error of `visit` ends the walk and is returned.
Result<FrameScan> scan_frames(
    std::string& bytes,
    std::size_t begin,
    const std::function<Result<void>(std::size_t, const FrameView&)>& visit
);

}  // namespace flywheel
