#pragma once
// SPDX-License-Identifier: Apache-2.0
// Between our tensors and the runtime's: datatypes, shapes, values, signature. Private to the
// worker program.

#include <string>
#include <string_view>
#include <vector>

#include <openvino/openvino.hpp>

#include "base/result.h"
#include "ports/engine/tensor.h"

namespace flywheel::openvino {

/// Unsupported: the protocol has no such datatype, or it is BYTES, which the CPU plug-in cannot
/// carry.
Result<DataType> data_type_of(const ov::element::Type& type);
[[nodiscard]] ov::element::Type runtime_type_of(DataType type);

/// -1 for what is free. Unsupported: more dimensions than the protocol has, or their number is
/// free.
Result<Shape> shape_of(const ov::PartialShape& shape);

/// Names, datatypes and shapes of the model's inputs and outputs; `batches` is set by the caller.
Result<Signature> signature_of(const ov::Model& model);

/// The values of `view`, which are not BYTES, without a copy.
[[nodiscard]] ov::Tensor to_runtime(const TensorView& view);

/// InvalidArgument: an INT64 that the runtime would cut, for its CPU plug-in computes them in 32
/// bits.
Result<void> check_integers(const TensorView& view);

/// A tensor of the runtime's that views may show.
class HeldTensor {
  public:
    [[nodiscard]] TensorView hold(ov::Tensor tensor);

  private:
    ov::Tensor tensor_;
};

/// Of what the runtime threw: the line that says what is wrong, without places in its source.
[[nodiscard]] std::string first_line(std::string_view thrown);

}  // namespace flywheel::openvino
