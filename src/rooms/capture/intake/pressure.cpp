// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/intake/pressure.h"

#include <algorithm>

namespace flywheel {

namespace {

constexpr double kSlack = 0.05;
constexpr double kBuffersHalf = 0.5;
constexpr double kBuffersSample = 0.75;
constexpr double kBuffersFull = 1.0;
constexpr double kDiskThin = 0.70;
constexpr double kDiskSample = 0.85;
constexpr double kDiskFull = 0.95;

}  // namespace

PressureLevel Pressure::wanted(Moment now, const PressureReading& reading, double slack) const {
    if (reading.no_space || reading.disk > kDiskFull - slack ||
        reading.buffers >= kBuffersFull - slack) {
        return PressureLevel::Drop;
    }
    if (reading.disk > kDiskSample - slack || reading.buffers >= kBuffersSample - slack) {
        return PressureLevel::Sample;
    }
    const bool long_half_full =
        half_full_since_ != Moment::max() && now - half_full_since_ >= kHalfFullFor;
    // On the way down, half full is enough; the second is there so that a burst does not count.
    const bool half_full = slack > 0 ? reading.buffers >= kBuffersHalf - slack : long_half_full;
    if (reading.disk > kDiskThin - slack || half_full) {
        return PressureLevel::Thin;
    }
    return PressureLevel::Normal;
}

bool Pressure::observe(Moment now, const PressureReading& reading) {
    if (reading.buffers < kBuffersHalf) {
        half_full_since_ = Moment::max();
    } else if (half_full_since_ == Moment::max()) {
        half_full_since_ = now;
    }
    const PressureLevel before = level();
    PressureLevel next = wanted(now, reading, 0);
    const PressureLevel holds = wanted(now, reading, kSlack);
    if (next >= before || holds >= before) {
        next = std::max(next, before);
        low_since_ = Moment::max();
    } else {
        if (low_since_ == Moment::max()) {
            low_since_ = now;
            lower_ = holds;
        }
        lower_ = std::max(lower_, holds);
        next = before;
        if (now - low_since_ >= kFallsAfter) {
            next = lower_;
            low_since_ = Moment::max();
        }
    }
    // A full disk is seen at each look, not held for half a minute: what fits is kept.
    refuses_ =
        next == PressureLevel::Drop && (reading.no_space || reading.disk > kDiskFull - kSlack);
    level_ = static_cast<std::uint8_t>(next);
    if (level_.load() > worst_.load()) {  // whoever asks just now sees it the next time
        worst_ = level_.load();
    }
    changes_ += next != before ? 1 : 0;
    return next != before;
}

}  // namespace flywheel
