#pragma once
// SPDX-License-Identifier: Apache-2.0
// The `parameters` of an inference request: those of the protocol, ours (fw_...), and the caller's
// own, which are kept as text. Private to the readers of inference bodies; one parse, one thread.

#include <cstddef>

#include "gateway/infer/infer_call.h"
#include "gateway/infer/json_reader.h"

namespace flywheel::gateway {

/// The caller's own parameters together.
constexpr std::size_t kMaxParameterBytes = 2 * 1024;

/// Reads the object into `parameters`, which is cleared. InvalidArgument names the parameter;
/// Unsupported: a sequence, shared memory.
Result<void> read_parameters(JsonValue& value, InferParameters& parameters);

}  // namespace flywheel::gateway
