#pragma once
// SPDX-License-Identifier: Apache-2.0
// SegmentJournal: the journal as files in a folder (docs/internals/formats.md, 1). Opened by app/,
// written by capture. append, sync and seal by one thread at a time; everything else by any thread.

#include <array>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "base/clock.h"
#include "ports/journal/journal.h"
#include "ports/journal/segments/recovery.h"
#include "ports/journal/segments/segment_file.h"

namespace flywheel {

class SegmentJournal final : public Journal {
  public:
    struct Plan {
        /// Sealed when it would grow beyond this. Rolling a segment takes about four times its size
        /// in memory, hence not more.
        std::uint64_t segment_bytes = 16U << 20U;
        /// Sealed at the next append when it is older than this.
        std::chrono::seconds max_age{60};
        std::array<std::uint8_t, 16> instance{};  ///< Written into each header.
        DiskFault fault = {};                     ///< Tests only.
    };

    /// Makes the folder, takes its lock and recovers what is there. Conflict when another process
    /// has the folder; Unavailable when the disk refuses.
    static Result<std::unique_ptr<Journal>> open(const std::filesystem::path& folder, Plan plan);

    ~SegmentJournal() override;

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

  private:
    /// The segment being written; touched only by the thread that writes.
    struct OpenFile {
        SegmentFile file;
        std::uint64_t segment = 0;
        std::uint64_t end = 0;
        std::uint64_t synced = 0;
        FrameCounts counts{};
        FrameCounts synced_counts{};
        std::uint64_t frames = 0;
        std::chrono::steady_clock::time_point born;
    };

    /// A segment as readers see it.
    struct Known {
        std::uint64_t bytes = 0;  ///< Readers look no further.
        bool is_sealed = false;
        std::uint64_t corrupt_bytes = 0;  ///< Found by the latest read.
    };

    SegmentJournal(std::filesystem::path folder, Plan plan, int lock_fd, RecoveredFolder recovered);

    Result<void> ensure_open(std::uint64_t group_bytes);
    Result<void> create_segment();
    void abandon();
    void finish_abandoned();
    Result<void> seal_one(OpenFile& open);
    void publish(std::uint64_t segment, Known known);
    void forget(std::uint64_t segment);
    Result<Known> known(std::uint64_t segment) const;
    Result<std::string> bytes_of(std::uint64_t segment, std::uint64_t offset, std::uint64_t size)
        const;

    const std::filesystem::path folder_;
    const Plan plan_;
    const int lock_fd_;

    std::optional<OpenFile> open_;
    std::vector<OpenFile> abandoned_;  ///< Failed once; to be cut back and sealed.
    std::uint64_t last_segment_ = 0;

    mutable std::mutex mutex_;  ///< Guards what follows.
    mutable std::map<std::uint64_t, Known> known_;
    std::uint64_t open_segment_ = 0;
    std::uint64_t last_dropped_ = 0;
    JournalHealth recovered_;
};

}  // namespace flywheel
