#pragma once
// SPDX-License-Identifier: Apache-2.0
// Pressure: how much capture holds back so that it never blocks and never grows. The thread that
// commits tells what it sees; request threads read the level. A level rises at once and falls after
// 30 s below its mark less 5 points.

#include <atomic>
#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace flywheel {

enum class PressureLevel : std::uint8_t {
    Normal,  ///< All that the policy keeps.
    Thin,    ///< One payload and embedding in four; every row.
    Sample,  ///< One row in ten of what the policy would keep, and thin.
    Drop     ///< As Sample while the buffers last; nothing when the disk is full.
};

/// How full the places are where rows wait or stay.
struct PressureReading {
    double buffers = 0;     ///< Of what may wait in memory, from 0 to 1.
    double disk = 0;        ///< Of the bytes that capture may use.
    bool no_space = false;  ///< The disk itself has no room.
};

class Pressure {
  public:
    using Moment = std::chrono::steady_clock::time_point;

    static constexpr double kSampleFactor = 0.1;
    static constexpr std::chrono::seconds kHalfFullFor{1};
    static constexpr std::chrono::seconds kFallsAfter{30};

    /// One thread at a time. True when the level changed.
    bool observe(Moment now, const PressureReading& reading);

    [[nodiscard]] PressureLevel level() const {
        return static_cast<PressureLevel>(level_.load(std::memory_order_relaxed));
    }

    /// The highest level since this was last asked; from then on it is the present one.
    PressureLevel worst_since_asked() {
        return static_cast<PressureLevel>(worst_.exchange(level_.load()));
    }

    /// Rows are not taken at all: the disk is full.
    [[nodiscard]] bool refuses_rows() const { return refuses_.load(std::memory_order_relaxed); }

    [[nodiscard]] bool thins() const { return level() >= PressureLevel::Thin; }

    /// With what the probability of keeping a row is multiplied.
    [[nodiscard]] double factor() const {
        return level() >= PressureLevel::Sample ? kSampleFactor : 1.0;
    }

    /// Times the level rose or fell.
    [[nodiscard]] std::uint64_t changes() const { return changes_.load(); }

  private:
    /// The level that a reading asks for, with every mark lowered by `slack`.
    [[nodiscard]] PressureLevel wanted(Moment now, const PressureReading& reading, double slack)
        const;

    std::atomic<std::uint8_t> level_ = 0;
    std::atomic<std::uint8_t> worst_ = 0;
    std::atomic<bool> refuses_ = false;
    std::atomic<std::uint64_t> changes_ = 0;
    Moment half_full_since_ = Moment::max();
    Moment low_since_ = Moment::max();             ///< Since when a lower level would do.
    PressureLevel lower_ = PressureLevel::Normal;  ///< The greatest that was wanted since then.
};

}  // namespace flywheel
