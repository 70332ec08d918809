#pragma once
// SPDX-License-Identifier: Apache-2.0
// The `inputs` of an inference request: one tensor `text`, BYTES [n] or [n,1]. Private to the
// gateway's parser of inference bodies; one parse, one thread.

#include <string>
#include <string_view>
#include <vector>

#include "gateway/json_reader.h"

namespace flywheel::gateway {

/// Unsupported: something that is deliberately absent; the message says what to do instead.
Error unsupported(std::string message);

/// Reads and checks the array; appends one text a row. What it gives out lives until the parser's
/// next document.
Result<void> read_inputs(JsonValue& value, std::vector<std::string_view>& texts);

}  // namespace flywheel::gateway
