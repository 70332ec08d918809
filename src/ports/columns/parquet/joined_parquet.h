#pragma once
// SPDX-License-Identifier: Apache-2.0
// The joined table as one Parquet file (docs/internals/formats.md, 4.2). Opened by app/. One
// thread.

#include <filesystem>
#include <memory>

#include "ports/columns/joined_rows.h"

namespace flywheel {

/// Unavailable, naming the file, when it cannot be written; a file that is there is replaced at the
/// end.
Result<std::unique_ptr<JoinedFile>> open_joined_parquet(const std::filesystem::path& file);

}  // namespace flywheel
