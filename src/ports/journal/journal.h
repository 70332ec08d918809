#pragma once
// SPDX-License-Identifier: Apache-2.0
// The journal: append-only frames in checksummed segments; the truth of what was captured.
// Adapters: segments (files), MemoryJournal (tests). One thread at a time appends, syncs and seals
// (capture sees to that); any thread may read and drop meanwhile.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace flywheel {

enum class FrameKind : std::uint16_t {
    Predictions = 1,
    Payload = 2,
    Feedback = 3,
    Erase = 4,
    Footer = 5
};

struct Frame {
    FrameKind kind = FrameKind::Predictions;
    std::string payload;

    bool operator==(const Frame&) const = default;
};

/// Where a frame stands: segment number and byte offset; ordered as they were written.
struct FramePlace {
    std::uint64_t segment = 0;
    std::uint64_t offset = 0;
    auto operator<=>(const FramePlace&) const = default;
};

struct JournalHealth {
    std::uint64_t segments = 0;
    std::uint64_t bytes = 0;          ///< Of all segments.
    std::uint64_t sealed_bytes = 0;   ///< Of these, of sealed ones.
    std::uint64_t torn_bytes = 0;     ///< Cut from the ends of segments at recovery.
    std::uint64_t corrupt_bytes = 0;  ///< Skipped between good frames at recovery.
    std::uint64_t bad_segments = 0;   ///< Renamed .bad because their header was damaged.
};

class Journal {
  public:
    Journal() = default;
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;
    virtual ~Journal() = default;

    /// Appends the frames as one group with one write and says where each stands. They are durable
    /// after sync(). After an error of append() or sync() nothing since the last good sync() is
    /// promised: append it again (it goes to a new segment). A frame may then stand there twice, so
    /// what is in it needs an id.
    virtual Result<std::vector<FramePlace>> append(const std::vector<Frame>& group) = 0;
    /// Makes everything appended so far survive a power cut (fdatasync).
    virtual Result<void> sync() = 0;
    /// Closes the open segment (footer, sync, rename), so that it can be rolled. Nothing to do: no
    /// effect. Covers what sync() covers.
    virtual Result<void> seal() = 0;
    /// Sealed segments, oldest first.
    virtual Result<std::vector<std::uint64_t>> sealed() const = 0;
    /// Calls `visit` with each good frame of one segment (sealed or open), in order. Damage is
    /// skipped and counted in health().
    virtual Result<void> read(
        std::uint64_t segment, const std::function<Result<void>(FramePlace, const Frame&)>& visit
    ) const = 0;
    /// One frame. NotFound when its segment was dropped, Corrupt when no good frame stands there.
    virtual Result<Frame> read_at(FramePlace place) const = 0;
    /// The segment being written, 0 when none is open.
    [[nodiscard]] virtual std::uint64_t open_segment() const = 0;
    /// Deletes a sealed segment (after its rows are safe elsewhere).
    virtual Result<void> drop(std::uint64_t segment) = 0;
    [[nodiscard]] virtual JournalHealth health() const = 0;
};

}  // namespace flywheel
