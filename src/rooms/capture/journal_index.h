#pragma once
// SPDX-License-Identifier: Apache-2.0
// JournalIndex: which frame of the journal holds which rows, for the segments that are not yet
// rolled. In memory, about 16 bytes a row; rebuilt at open. Written by the thread that commits or
// rolls, read by any.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <shared_mutex>
#include <span>
#include <vector>

#include "ports/columns/columns.h"
#include "ports/journal/journal.h"

namespace flywheel {

/// What one frame holds, as the index needs it.
struct FrameContents {
    std::uint64_t rows = 0;  ///< Payloads are none.
    TimeRange times{
        Time::max(), Time::min()
    };  ///< Least and greatest time (or arrival), both inclusive.
    std::vector<std::uint64_t> keys;  ///< See captured_keys.h.
};

/// Looks into a frame of predictions, payloads or feedback; Corrupt when it is none of these.
Result<FrameContents> contents_of(const Frame& frame);

/// A frame of the journal, as recovery needs it.
struct FrameFound {
    FramePlace place;
    FrameKind kind = FrameKind::Predictions;
    FrameContents contents;
    Frame frame;  ///< Of kind feedback and erase; the rows of predictions are not kept.
};

/// Reads and checks segments, by two threads, and calls `visit` with all frames in the order they
/// were written, on the thread that calls this. An error, also of `visit`, ends it.
Result<void> look_into_segments(
    const Journal& journal,
    const std::vector<std::uint64_t>& segments,
    const std::function<Result<void>(FrameFound&&)>& visit
);

class JournalIndex {
  public:
    void add(FramePlace place, FrameKind kind, FrameContents contents);
    void forget(std::uint64_t segment);

    /// Frames of this kind that may hold rows of the range, in the order they were written.
    [[nodiscard]] std::vector<FramePlace> frames(FrameKind kind, TimeRange range) const;
    /// Frames of this kind that may hold a row with one of the keys, in the order they were
    /// written.
    [[nodiscard]] std::vector<FramePlace> find(FrameKind kind, std::span<const std::uint64_t> keys)
        const;
    /// Would find() give a frame?
    [[nodiscard]] bool contains(FrameKind kind, std::uint64_t key) const;
    [[nodiscard]] std::uint64_t rows(std::uint64_t segment) const;
    /// Least time of the rows in the oldest segment; nothing without rows.
    [[nodiscard]] std::optional<Time> oldest() const;

  private:
    struct IndexedFrame {
        std::uint64_t offset = 0;
        FrameKind kind = FrameKind::Predictions;
        TimeRange times;
    };

    struct Key {
        std::uint64_t key = 0;
        std::uint32_t frame = 0;
    };

    struct Segment {
        std::vector<IndexedFrame> frames;
        std::vector<Key> keys;  ///< The first `sorted` are sorted by key.
        std::size_t sorted = 0;
        std::uint64_t rows = 0;

        /// Calls `visit` with each entry of this key.
        template <class Visit>
        void each(std::uint64_t wanted, const Visit& visit) const {
            const std::span<const Key> all(keys);
            std::ranges::for_each(
                std::ranges::equal_range(all.first(sorted), wanted, {}, &Key::key), visit
            );
            for (const Key& key : all.subspan(sorted)) {
                if (key.key == wanted) {
                    visit(key);
                }
            }
        }
    };

    mutable std::shared_mutex mutex_;
    std::map<std::uint64_t, Segment> segments_;
};

}  // namespace flywheel
