#pragma once
// SPDX-License-Identifier: Apache-2.0
// Questions about Examples that nobody was served: rows of a file that people shall label before
// there is a model, or beside one. Called by app/, one thread.

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "base/result.h"
#include "ports/ledger/ledger.h"
#include "records/example.h"
#include "records/label_task.h"

namespace flywheel::selection {

/// strategy of a task that a file brought.
inline constexpr std::string_view kFromFile = "import";

/// One task (arm forced) for each item that no task of the model asks about yet, in their order,
/// before the questions of any Turn; none keeps a Turn open. Returns how many. NotFound: an item is
/// no Example.
Result<std::int64_t> ask_about(
    const Reader<Example>& examples,
    Writer<LabelTask>& tasks,
    const std::string& model,
    const std::vector<Digest>& items,
    Time now
);

}  // namespace flywheel::selection
