#pragma once
// SPDX-License-Identifier: Apache-2.0
// The JSON form of an inference answer (Open Inference Protocol V2), written straight into a
// string. Called by the infer route; pure functions, any thread.

#include <string>
#include <vector>

#include "gateway/infer_body.h"
#include "rooms/serving/serving.h"

namespace flywheel::gateway {

/// Appends the answer. Scores that are not finite become null, and the answer says fw_nonfinite.
void append_infer_answer(
    std::string& out, const serving::InferAnswer& answer, const std::vector<OutputKind>& outputs
);

/// Appends the shortest text that reads back to the same number; null when it is not finite.
void append_float(std::string& out, float value);

}  // namespace flywheel::gateway
