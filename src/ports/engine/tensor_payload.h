#pragma once
// SPDX-License-Identifier: Apache-2.0
// One row of tensors as bytes (docs/internals/formats.md, 2.1): a request of the inference protocol
// in its binary form, so that it can be looked at and sent again. Made by serving for capture, read
// by whoever replays captured rows. Pure functions, any thread.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ports/engine/tensor.h"

namespace flywheel {

/// Makes the rows of one request; keeps what they have in common.
class TensorPayloads {
  public:
    /// Which list of the protocol the tensors are.
    enum class List { Inputs, Outputs };

    /// Tensors with `rows` rows each; `names[i]` is that of `tensors[i]`. All outlive it.
    TensorPayloads(
        List list,
        std::span<const std::string_view> names,
        std::span<const TensorView> tensors,
        std::size_t rows
    );

    /// The row's JSON header.
    [[nodiscard]] std::string header(std::size_t row) const;
    /// Appends the row's elements.
    void append_elements(std::size_t row, std::string& out) const;

  private:
    [[nodiscard]] std::size_t bytes_of(const TensorView& tensor, std::size_t row) const;
    [[nodiscard]] std::span<const std::string_view> strings_of(
        const TensorView& tensor, std::size_t row
    ) const;

    List list_;
    std::span<const std::string_view> names_;
    std::span<const TensorView> tensors_;
    std::size_t rows_;
};

/// "application/vnd.flywheel.tensors; header=<n>"
[[nodiscard]] std::string tensor_media_type(std::size_t header_bytes);

/// A tensor of a captured row.
struct NamedTensor {
    std::string name;
    Tensor tensor;
};

/// Back from bytes. InvalidArgument: another media type. Corrupt: the bytes are no such row.
Result<std::vector<NamedTensor>> decode_tensor_payload(
    std::string_view media_type, std::string_view bytes
);

}  // namespace flywheel
