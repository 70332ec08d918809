#pragma once
// SPDX-License-Identifier: Apache-2.0
// The tensors of an inference answer, as the protocol shows them. Used by the infer exchange; one
// answer at a time.

#include <cstdint>
#include <string_view>
#include <vector>

#include "gateway/infer/infer_answer.h"
#include "gateway/infer/infer_call.h"
#include "rooms/serving/infer_request.h"

namespace flywheel::gateway {

/// The answer's tensors as views: on serving's values, or on what is made of them here.
class AnswerTensors {
  public:
    const std::vector<AnswerTensor>& make(
        const serving::InferAnswer& answer, const std::vector<WantedOutput>& outputs
    );

  private:
    TensorView text_output(
        const serving::InferAnswer& answer, std::size_t index, std::size_t place
    );
    TensorView view_of(const Tensor& tensor, std::size_t place);

    std::vector<AnswerTensor> tensors_;
    std::vector<std::vector<std::string_view>> strings_;  // one an output
    std::vector<Tensor> classified_;                      // one an output
    std::vector<std::int64_t> label_ids_;
};

}  // namespace flywheel::gateway
