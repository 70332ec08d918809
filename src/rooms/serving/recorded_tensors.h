#pragma once
// SPDX-License-Identifier: Apache-2.0
// What is kept of a request to a model over tensors, besides its scores: each row's slice of the
// inputs, its embedding when the model has such an output, all outputs if that is wanted. One
// request, one thread; nothing is run a second time.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ports/engine/tensor.h"
#include "ports/engine/tensor_payload.h"
#include "records/prediction.h"

namespace flywheel::serving {

/// Name of the output that holds a row's embedding.
inline constexpr std::string_view kEmbeddingOutput = "embedding";

/// Adds the places of outputs that are computed for the record though the caller does not want
/// them: class scores (numbers with labels), the embedding; all of them if `all`.
void want_recorded(const Signature& signature, bool all, std::vector<std::size_t>& wanted);

class RecordedTensors {
  public:
    /// `inputs` in the signature's order, with `rows` rows each (1 when the model does not batch).
    RecordedTensors(
        const Signature& signature, std::span<const TensorView> inputs, std::size_t rows
    );
    RecordedTensors(const RecordedTensors&) = delete;
    RecordedTensors& operator=(const RecordedTensors&) = delete;
    ~RecordedTensors() = default;

    /// Looks at what the model gave: `outputs[i]` is that at place `wanted[i]`.
    void look_at(std::span<const std::size_t> wanted, std::span<const Tensor> outputs, bool all);

    /// Payload and media type of one row.
    void put_payload(std::size_t row, Prediction& out) const;
    /// Embedding and outputs, as far as the model gave them; of very many scores only the greatest
    /// stay.
    void put_answer(std::size_t row, Prediction& out) const;

  private:
    struct Outputs {
        std::vector<std::string_view> names;
        std::vector<std::vector<std::string_view>> strings;
        std::vector<TensorView> views;
    };

    void put_embedding(std::size_t row, Prediction& out) const;

    const Signature& signature_;
    std::size_t rows_;
    std::vector<std::string_view> input_names_;
    std::vector<TensorView> inputs_;
    TensorPayloads payloads_;
    std::string shared_header_;  ///< Of all rows, when no input is BYTES.
    const Tensor* embedding_ = nullptr;
    Outputs outputs_;
    std::optional<TensorPayloads> all_outputs_;
};

}  // namespace flywheel::serving
