#pragma once
// SPDX-License-Identifier: Apache-2.0
// The value of a text classification label: one of the schema's labels, or any number of them.
// Called by labeling and the gateway. Pure functions, any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "records/schema.h"

namespace flywheel::text {

/// label_id of a name; InvalidArgument lists the known names.
Result<std::int64_t> choice_of(const Schema& schema, std::string_view name);

/// Parts the names of several labels in one cell of a table; no name of such a schema has it.
inline constexpr char kSeparator = ';';

/// The value (records/label_fold.h) of these names; the same one twice counts once, none at all is
/// an answer too. InvalidArgument lists the known names.
Result<std::string> choices_of(const Schema& schema, const std::vector<std::string>& names);
/// The same of a cell of names with separators between; white space around a name is none of it.
Result<std::string> choices_of_cell(const Schema& schema, std::string_view cell);
/// The parts of a cell, trimmed, the empty ones left out.
[[nodiscard]] std::vector<std::string> names_in_cell(std::string_view cell);
/// The names of a value in label order; what the schema lacks is left out.
[[nodiscard]] std::vector<std::string> names_of_value(const Schema& schema, std::string_view value);

/// InvalidArgument when the schema has no such label_id.
Result<void> check_choice(const Schema& schema, std::int64_t choice);

}  // namespace flywheel::text
