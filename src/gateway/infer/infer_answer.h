#pragma once
// SPDX-License-Identifier: Apache-2.0
// An inference answer (Open Inference Protocol V2), written straight into a string: JSON, and the
// binary tensors behind it. Called by the infer route; pure functions, any thread.

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ports/engine/tensor.h"

namespace flywheel::gateway {

struct AnswerHead {
    std::string_view model;
    std::string_view version;  ///< The one that ran.
    std::string_view id;
};

struct AnswerTensor {
    std::string_view name;
    TensorView values;
    bool binary = false;
};

/// Appends the answer; gives the bytes of its JSON. If a tensor is binary, the rest follows behind
/// them. Numbers that are not finite become null, and the answer says fw_nonfinite.
/// InvalidArgument: BYTES that are no UTF-8 can only be given as binary data.
Result<std::size_t> append_infer_answer(
    std::string& out, const AnswerHead& head, std::span<const AnswerTensor> tensors
);

/// Appends the shortest text that reads back to the same number; null when it is not finite.
void append_float(std::string& out, float value);

}  // namespace flywheel::gateway
