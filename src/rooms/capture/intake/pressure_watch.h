#pragma once
// SPDX-License-Identifier: Apache-2.0
// PressureWatch: looks now and then at the disk and tells Pressure, with a word in the log when the
// level changes. look() by the thread that commits; questions from any.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>

#include "rooms/capture/intake/pressure.h"

namespace flywheel {

/// The disk as capture sees it.
struct DiskUse {
    std::uint64_t used = 0;   ///< Bytes of what capture wrote.
    std::uint64_t limit = 0;  ///< Bytes it may use; 0 = no limit.
    bool no_space = false;    ///< The disk itself is as good as full.
};

class PressureWatch {
  public:
    /// `disk` is asked about once a second; empty = no limit. Feedback may exceed the limit by
    /// `feedback_reserve` bytes.
    PressureWatch(
        Pressure& pressure, const std::function<DiskUse()>& disk, std::uint64_t feedback_reserve
    )
        : pressure_(pressure), ask_disk_(disk), feedback_reserve_(feedback_reserve) {}

    /// `buffers`: how full they are, from 0 to 1.
    void look(double buffers);

    /// Not even feedback has room.
    [[nodiscard]] bool refuses_feedback() const { return over_reserve_; }

  private:
    Pressure& pressure_;
    const std::function<DiskUse()>& ask_disk_;
    const std::uint64_t feedback_reserve_;
    DiskUse disk_;
    std::chrono::steady_clock::time_point seen_at_ = std::chrono::steady_clock::time_point::min();
    std::atomic<bool> over_reserve_ = false;
};

}  // namespace flywheel
