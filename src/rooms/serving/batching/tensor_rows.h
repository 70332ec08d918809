#pragma once
// SPDX-License-Identifier: Apache-2.0
// Rows of tensors: joining those of several requests for one engine call, and giving each request
// its own back. Private to the room; pure functions, any thread.

#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ports/engine/tensor.h"

namespace flywheel::serving {

/// Rows [first, first + rows) of `tensor`; nothing is copied.
[[nodiscard]] TensorView view_rows(const TensorView& tensor, std::int64_t first, std::int64_t rows);
/// A copy of rows [first, first + rows).
[[nodiscard]] Tensor copy_rows(const Tensor& tensor, std::int64_t first, std::int64_t rows);
/// All rows of `parts`, one after the other. They agree in all but the first dimension.
[[nodiscard]] Tensor join_rows(std::span<const Tensor* const> parts);

/// Rows of several requests as one, 64-byte aligned; keeps its memory for the next time.
class JoinedRows {
  public:
    /// The view is valid until the next call.
    TensorView join(std::span<const TensorView> parts);

  private:
    AlignedBytes bytes_;
    std::vector<std::string_view> strings_;
};

/// What a model gives is checked like what a caller sends: the writer of answers trusts it.
/// Internal: not the outputs `wanted`, or not as the signature says.
Result<void> check_outputs(
    const Signature& signature,
    std::span<const std::size_t> wanted,
    std::int64_t rows,
    std::span<const Tensor> outputs
);

}  // namespace flywheel::serving
