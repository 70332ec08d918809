// SPDX-License-Identifier: Apache-2.0
#include "app/disk_use.h"

#include <algorithm>

namespace flywheel::app {

DiskUse disk_use(const std::filesystem::path& dir, double most, std::uint64_t used) {
    constexpr double kDiskShare = 0.75;
    constexpr double kLeastShare = 0.05;
    std::error_code failed;
    const auto space = std::filesystem::space(dir, failed);
    if (failed) {
        return {used, static_cast<std::uint64_t>(most), false};
    }
    const auto capacity = static_cast<double>(space.capacity);
    const double least = std::min(0x1.0p30, capacity * kLeastShare);
    return {
        used,
        static_cast<std::uint64_t>(std::min(most, capacity * kDiskShare)),
        static_cast<double>(space.available) < least
    };
}

}  // namespace flywheel::app
