#pragma once
// SPDX-License-Identifier: Apache-2.0
// Does the first dimension of a model's tensors count rows, so that rows of several requests may
// run in one call? Decided once, when the model is loaded. Private to the worker program.

#include <functional>
#include <memory>
#include <string>

#include <openvino/openvino.hpp>

#include "base/result.h"
#include "ports/engine/tensor.h"

namespace flywheel::openvino {

struct Decided {
    Signature signature;
    ov::CompiledModel compiled;
};

using Compile = std::function<Result<ov::CompiledModel>(const std::shared_ptr<ov::Model>&)>;

/// `wish` is "yes", "no" or "auto". It batches when the first dimension of every input and output
/// is free, or is 1 and can be made free; with "auto" only if two rows then give together what each
/// gives alone. Otherwise the shapes stay as the file has them. The compiled model has run once.
/// InvalidArgument: "yes" is not possible, or it cannot run its own shapes.
Result<Decided> decide_batches(
    const std::shared_ptr<ov::Model>& model, const std::string& wish, const Compile& compile
);

}  // namespace flywheel::openvino
