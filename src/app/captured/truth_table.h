#pragma once
// SPDX-License-Identifier: Apache-2.0
// The table of served rows with their truth as of a time, written as Parquet: what people train and
// measure from. Called by /v1/truth and with it by `flywheel truth`; any thread.

#include <filesystem>
#include <string>

#include "app/project.h"
#include "base/json.h"
#include "base/result.h"

namespace flywheel::app {

/// `wanted`: {"as_of"?, "from"?, "to"? (times, RFC 3339 or dates; default now, for ever),
/// "all_rows"?}. Answers {"file", "bytes", "rows", "with_truth", "by_source": {}, "conflicting",
/// "signals", "joined", "index_needed"}; the file stands in DIR/exports.
Result<Json> write_truth_table(Project& project, const Json& wanted);

}  // namespace flywheel::app
