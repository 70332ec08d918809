#pragma once
// SPDX-License-Identifier: Apache-2.0
// ColumnRoller: moves sealed segments of the journal into the columns, takes erased subjects out of
// them, and looks after them once a UTC day. Private to capture; any thread, one call at a time.

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>

#include "base/clock.h"
#include "rooms/capture/capture.h"
#include "rooms/capture/captured_reader.h"
#include "rooms/capture/committer.h"

namespace flywheel {

/// The parts of capture that a roll works on; all outlive the roller.
struct RollParts {
    Journal& journal;
    Columns& columns;
    const Clock& clock;
    JournalIndex& index;
    ErasedSubjects& erased;
    Committer& committer;
    const CapturedReader& reader;
};

class ColumnRoller {
  public:
    ColumnRoller(const Capture::Plan& plan, RollParts parts) : plan_(plan), parts_(parts) {}

    /// As Capture::roll.
    Result<RollReport> roll();
    /// As Capture::erase.
    Result<EraseReport> erase(const Erasure& erasure);

    /// Its part of the counters.
    void count(CaptureCounters& out) const;

  private:
    Result<bool> holds_only_erasures(std::uint64_t segment);
    Result<void> roll_segment(std::uint64_t segment, RollReport& report);
    Result<void> roll_sealed(RollReport& report);
    Result<EraseReport> erase_rolled(RollReport& report);
    Result<void> look_after_orphans(Time now);

    const Capture::Plan& plan_;
    const RollParts parts_;

    std::mutex mutex_;  ///< Guards the four that follow.
    bool columns_clean_ = false;
    bool orphans_known_ = false;
    std::optional<std::chrono::sys_days> kept_on_;  ///< When the columns were last looked after.
    std::set<std::uint64_t> only_erasures_;
    std::atomic<std::uint64_t> segments_ = 0;
    std::atomic<std::uint64_t> rows_ = 0;
    std::atomic<std::uint64_t> expired_rows_ = 0;
};

}  // namespace flywheel
