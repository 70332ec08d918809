#pragma once
// SPDX-License-Identifier: Apache-2.0
// MemoryJournal: the journal of turn tests. Keeps frames in memory; crash() forgets what was not
// synced, as a power cut would. Same threads as Journal.

#include <map>
#include <mutex>

#include "ports/journal/journal.h"

namespace flywheel {

class MemoryJournal final : public Journal {
  public:
    Result<std::vector<FramePlace>> append(const std::vector<Frame>& group) override;
    Result<void> sync() override;
    Result<void> seal() override;
    Result<std::vector<std::uint64_t>> sealed() const override;
    Result<void> read(
        std::uint64_t segment, const std::function<Result<void>(FramePlace, const Frame&)>& visit
    ) const override;
    Result<Frame> read_at(FramePlace place) const override;
    [[nodiscard]] std::uint64_t open_segment() const override;
    Result<void> drop(std::uint64_t segment) override;
    [[nodiscard]] JournalHealth health() const override;

    /// Forgets all frames that no sync() covered and seals the rest, as recovery does.
    void crash();

  private:
    struct Segment {
        std::vector<Frame> frames;
        std::size_t synced = 0;
    };

    Result<void> seal_locked();

    mutable std::mutex mutex_;
    std::map<std::uint64_t, Segment> segments_;
    std::uint64_t open_ = 0;
    std::uint64_t last_ = 0;
};

}  // namespace flywheel
