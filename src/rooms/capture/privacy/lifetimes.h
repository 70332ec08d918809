#pragma once
// SPDX-License-Identifier: Apache-2.0
// How long captured rows and their parts live in the columns, by whole UTC days. Called by
// capture's roll, once a day. A payload that became an Example lives on there (rooms/collection).

#include <chrono>

#include "ports/columns/columns.h"

namespace flywheel {

struct Lifetimes {
    std::chrono::days payload{30};
    std::chrono::days embedding{180};
    std::chrono::days row{400};  ///< Of feedback too, from its arrival.
};

/// Forgets what is over its time, and makes few files of many. Killed anywhere, or Unavailable:
/// what was done stays done, and another call goes on.
Result<ColumnUpkeep> keep_columns(Columns& columns, const Lifetimes& lifetimes, Time now);

}  // namespace flywheel
