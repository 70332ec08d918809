#pragma once
// SPDX-License-Identifier: Apache-2.0
// A model over tensors of any kind. An engine whose models are no text classifiers loads these;
// serving asks a Model for this face and then runs it instead of predict(). Immutable: any thread
// may run it.

#include <span>
#include <vector>

#include "ports/engine/engine.h"
#include "ports/engine/tensor.h"

namespace flywheel {

class TensorModel : public Model {
  public:
    [[nodiscard]] virtual const Signature& signature() const = 0;

    /// Runs all rows at once. `inputs` are the signature's, in its order, checked against it;
    /// `wanted` are places of outputs, each once. Gives one tensor for each, in that order, its
    /// shape that of the output. Unavailable: no worker can take it now. Internal: it failed.
    virtual Result<std::vector<Tensor>> run(
        std::span<const TensorView> inputs, std::span<const std::size_t> wanted
    ) const = 0;

    /// True: run() takes microseconds and no lock, so waiting for company would cost more than it
    /// saves; requests run alone, on their own threads. False: serving queues and batches them.
    [[nodiscard]] virtual bool runs_at_once() const { return false; }

    [[nodiscard]] const TensorModel* tensors() const final { return this; }

    /// No text classifier: nothing below is called.
    [[nodiscard]] std::int32_t classes() const final { return 0; }

    [[nodiscard]] std::int32_t embedding_size() const final { return 0; }

    void predict(
        std::string_view /*text*/, std::span<float> /*scores*/, std::span<float> /*embedding*/
    ) const final {}
};

}  // namespace flywheel
