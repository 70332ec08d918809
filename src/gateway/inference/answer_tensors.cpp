// SPDX-License-Identifier: Apache-2.0
#include "gateway/inference/answer_tensors.h"

#include <algorithm>
#include <span>

#include "gateway/infer/classification.h"

namespace flywheel::gateway {

using serving::InferAnswer;
using serving::ServedVersion;

TensorView AnswerTensors::view_of(const Tensor& tensor, std::size_t place) {
    strings_[place].assign(tensor.strings.begin(), tensor.strings.end());
    return {tensor.type, tensor.shape, tensor.bytes.bytes(), strings_[place]};
}

TensorView AnswerTensors::text_output(
    const InferAnswer& answer, std::size_t index, std::size_t place
) {
    const ServedVersion& served = *answer.served;
    const TensorSpec& spec = served.signature.outputs[index];
    TensorView view{spec.type, spec.shape};
    view.shape[0] = static_cast<std::int64_t>(answer.rows());
    switch (index) {
        case serving::kLabel:
            strings_[place].clear();
            for (const std::int32_t label : answer.labels) {
                strings_[place].push_back(served.labels[static_cast<std::size_t>(label)]);
            }
            view.strings = strings_[place];
            break;
        case serving::kLabelId:
            label_ids_.assign(answer.labels.begin(), answer.labels.end());
            view.bytes = std::as_bytes(std::span(label_ids_));
            break;
        case serving::kScores:
            view.bytes = std::as_bytes(std::span(answer.scores));
            break;
        default:
            view.bytes = std::as_bytes(std::span(answer.embeddings));
            break;
    }
    return view;
}

const std::vector<AnswerTensor>& AnswerTensors::make(
    const InferAnswer& answer, const std::vector<WantedOutput>& outputs
) {
    const Signature& signature = answer.served->signature;
    tensors_.clear();
    strings_.resize(std::max(strings_.size(), outputs.size()));
    classified_.clear();
    classified_.reserve(outputs.size());
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        const WantedOutput& wanted = outputs[i];
        const TensorSpec& spec = signature.outputs[wanted.index];
        TensorView view = answer.tensors.empty() ? text_output(answer, wanted.index, i)
                                                 : view_of(answer.tensors[i], i);
        if (wanted.classes > 0) {
            classified_.push_back(classify(view, wanted.classes, spec.labels, signature.batches));
            view = view_of(classified_.back(), i);
        }
        tensors_.push_back({spec.name, view, wanted.binary});
    }
    return tensors_;
}

}  // namespace flywheel::gateway
