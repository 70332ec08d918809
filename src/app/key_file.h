#pragma once
// SPDX-License-Identifier: Apache-2.0
// A project's secret keys: files below DIR/keys that only their owner may read. Opened by the
// project.

#include <filesystem>
#include <string>

#include "base/result.h"

namespace flywheel::app {

/// The 32 bytes in `file`; makes them (folder 0700, file 0600, random) when there is no such file.
/// Conflict when others may read it, Corrupt when it holds something else, Unavailable when the
/// disk refuses.
Result<std::string> read_or_make_key(const std::filesystem::path& file);

}  // namespace flywheel::app
