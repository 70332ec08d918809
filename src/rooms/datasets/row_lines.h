#pragma once
// SPDX-License-Identifier: Apache-2.0
// The rows of a dataset version as bytes: one canonical JSON object a line, sorted by item, without
// the texts (they stand once, in the Examples). Used by Datasets. Pure functions, any thread.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "rooms/datasets/datasets.h"

namespace flywheel::datasets {

/// `rows` sorted by item, no item twice. Equal rows give equal bytes.
[[nodiscard]] std::string to_lines(const std::vector<Row>& rows);

/// The rows; Corrupt names the line and what is wrong with it.
Result<std::vector<Row>> from_lines(std::string_view lines);

/// The row of this item, if there is one; only its line is parsed.
Result<std::optional<Row>> find_line(std::string_view lines, const Digest& item);

}  // namespace flywheel::datasets
