#pragma once
// SPDX-License-Identifier: Apache-2.0
// What a model over tensors is warmed up with: captured rows of its signature put together to
// batches, or zeros. Private to the room; any thread.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "ports/engine/tensor.h"
#include "ports/engine/tensor_payload.h"
#include "ports/recorder.h"

namespace flywheel::serving {

/// Inputs of one engine call.
struct WarmUpBatch {
    std::vector<Tensor> numbers;                         ///< Without elements when BYTES.
    std::vector<std::vector<std::string_view>> strings;  ///< Of the tensors of BYTES.

    [[nodiscard]] std::vector<TensorView> views() const;
};

/// Zeros, or empty byte strings, for every input; a free dimension has the size 1.
[[nodiscard]] WarmUpBatch zeros(const Signature& signature, std::int64_t rows);

class WarmUpRows {
  public:
    /// Takes the payloads that are rows of this signature, which outlives it, in their order.
    WarmUpRows(const Signature& signature, std::span<const CapturedPayload> captured);

    [[nodiscard]] std::size_t size() const { return rows_.size(); }

    /// `rows` rows at once: of those at `places` the first, then those of the same shapes, over and
    /// over. For a signature without batches `rows` is 1.
    [[nodiscard]] WarmUpBatch batch(std::span<const std::size_t> places, std::size_t rows) const;

  private:
    using Row = std::vector<Tensor>;  ///< By place in the signature.

    void take(const CapturedPayload& payload);

    const Signature* signature_;
    std::vector<Row> rows_;
};

}  // namespace flywheel::serving
