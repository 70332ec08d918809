// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/intake/pressure_watch.h"

#include <fmt/format.h>

#include "base/log.h"

namespace flywheel {

namespace {

constexpr std::chrono::seconds kDiskEvery{1};

}  // namespace

void PressureWatch::look(double buffers) {
    const auto now = monotonic_now();
    if (ask_disk_ && (seen_at_ == decltype(now)::min() || now - seen_at_ >= kDiskEvery)) {
        disk_ = ask_disk_();
        seen_at_ = now;
        over_reserve_ = disk_.limit > 0 && disk_.used > disk_.limit + feedback_reserve_;
    }
    const double disk =
        disk_.limit == 0 ? 0 : static_cast<double>(disk_.used) / static_cast<double>(disk_.limit);
    const PressureReading reading{buffers, disk, disk_.no_space};
    if (pressure_.observe(now, reading)) {
        log_warn(
            "capture.pressure",
            {{"level", std::to_string(static_cast<int>(pressure_.level()))},
             {"buffers", fmt::format("{:.2f}", reading.buffers)},
             {"disk", fmt::format("{:.2f}", reading.disk)}}
        );
    }
}

}  // namespace flywheel
