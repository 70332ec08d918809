#pragma once
// SPDX-License-Identifier: Apache-2.0
// How full the disk of a project is, as capture sees it. Asked by capture's commit thread.

#include <cstdint>
#include <filesystem>

#include "rooms/capture/capture.h"

namespace flywheel::app {

/// `most` bytes are allowed, but never more than 75 % of the disk; a disk with less than 5 % or
/// 1 GiB left, whichever is less, is as good as full. `used` bytes are capture's own.
[[nodiscard]] DiskUse disk_use(const std::filesystem::path& dir, double most, std::uint64_t used);

}  // namespace flywheel::app
