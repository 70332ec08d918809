#pragma once
// SPDX-License-Identifier: Apache-2.0
// The value of a text classification label: one of the schema's labels. Called by labeling and the
// gateway. Pure functions, any thread.

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "records/schema.h"

namespace flywheel::text {

/// label_id of a name; InvalidArgument lists the known names.
Result<std::int64_t> choice_of(const Schema& schema, std::string_view name);

/// InvalidArgument when the schema has no such label_id.
Result<void> check_choice(const Schema& schema, std::int64_t choice);

}  // namespace flywheel::text
