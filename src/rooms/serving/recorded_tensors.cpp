// SPDX-License-Identifier: Apache-2.0
#include "rooms/serving/recorded_tensors.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "vectors/half.h"

namespace flywheel::serving {

namespace {

bool holds_scores(const TensorSpec& spec) {
    return !spec.labels.empty() && spec.type == DataType::Fp32;
}

bool holds_embedding(const TensorSpec& spec) {
    return spec.name == kEmbeddingOutput &&
           (spec.type == DataType::Fp32 || spec.type == DataType::Fp16);
}

/// One row's elements of T.
template <class T>
std::span<const T> row_of(const Tensor& tensor, std::size_t row, std::size_t rows) {
    const std::size_t count = tensor.bytes.bytes().size() / sizeof(T) / rows;
    const auto* all = reinterpret_cast<const T*>(tensor.bytes.bytes().data());
    return {all + row * count, count};
}

/// Keeps the greatest scores with their classes, and the sum of the others.
void keep_top(Prediction& out) {
    std::vector<std::int32_t> order(out.scores.size());
    std::iota(order.begin(), order.end(), 0);
    const auto top = order.begin() + Prediction::kTopScores;
    std::partial_sort(order.begin(), top, order.end(), [&](std::int32_t a, std::int32_t b) {
        const float score_a = out.scores[static_cast<std::size_t>(a)];
        const float score_b = out.scores[static_cast<std::size_t>(b)];
        return score_a != score_b ? score_a > score_b : a < b;
    });
    std::vector<float> kept;
    float rest = std::accumulate(out.scores.begin(), out.scores.end(), 0.0F);
    for (auto it = order.begin(); it != top; ++it) {
        kept.push_back(out.scores[static_cast<std::size_t>(*it)]);
        rest -= kept.back();
    }
    kept.push_back(rest);
    out.scores = std::move(kept);
    out.score_classes.assign(order.begin(), top);
}

/// Of the inputs that were read: all, or none when the request could not be.
std::vector<std::string_view> names_of_inputs(const Signature& signature, std::size_t read) {
    std::vector<std::string_view> names;
    for (std::size_t i = 0; i < std::min(read, signature.inputs.size()); ++i) {
        names.push_back(signature.inputs[i].name);
    }
    return names;
}

}  // namespace

void want_recorded(const Signature& signature, bool all, std::vector<std::size_t>& wanted) {
    for (std::size_t place = 0; place < signature.outputs.size(); ++place) {
        const TensorSpec& spec = signature.outputs[place];
        const bool recorded = all || holds_scores(spec) || holds_embedding(spec);
        if (recorded && std::ranges::find(wanted, place) == wanted.end()) {
            wanted.push_back(place);
        }
    }
}

RecordedTensors::RecordedTensors(
    const Signature& signature, std::span<const TensorView> inputs, std::size_t rows
)
    : signature_(signature),
      rows_(std::max<std::size_t>(rows, 1)),
      input_names_(names_of_inputs(signature, inputs.size())),
      inputs_(inputs.begin(), inputs.end()),
      payloads_(TensorPayloads::List::Inputs, input_names_, inputs_, rows_) {
    const bool texts = std::ranges::any_of(inputs_, [](const TensorView& input) {
        return input.type == DataType::Bytes;
    });
    if (!texts) {
        shared_header_ = payloads_.header(0);
    }
}

void RecordedTensors::look_at(
    std::span<const std::size_t> wanted, std::span<const Tensor> outputs, bool all
) {
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        const TensorSpec& spec = signature_.outputs[wanted[i]];
        if (embedding_ == nullptr && holds_embedding(spec)) {
            embedding_ = &outputs[i];
        }
        if (all) {
            const Tensor& tensor = outputs[i];
            outputs_.names.push_back(spec.name);
            outputs_.strings.emplace_back(tensor.strings.begin(), tensor.strings.end());
            outputs_.views.push_back({tensor.type, tensor.shape, tensor.bytes.bytes(), {}});
        }
    }
    for (std::size_t i = 0; i < outputs_.views.size(); ++i) {
        outputs_.views[i].strings = outputs_.strings[i];
    }
    if (all) {
        all_outputs_.emplace(TensorPayloads::List::Outputs, outputs_.names, outputs_.views, rows_);
    }
}

void RecordedTensors::put_payload(std::size_t row, Prediction& out) const {
    out.payload = shared_header_.empty() ? payloads_.header(row) : shared_header_;
    out.media_type = tensor_media_type(out.payload.size());
    payloads_.append_elements(row, out.payload);
}

void RecordedTensors::put_answer(std::size_t row, Prediction& out) const {
    if (out.scores.size() > Prediction::kScoresMax) {
        keep_top(out);
    }
    put_embedding(row, out);
    if (all_outputs_) {
        const std::string header = all_outputs_->header(row);
        const auto length = static_cast<std::uint32_t>(header.size());
        out.outputs.assign(reinterpret_cast<const char*>(&length), sizeof length);
        out.outputs += header;
        all_outputs_->append_elements(row, out.outputs);
    }
}

void RecordedTensors::put_embedding(std::size_t row, Prediction& out) const {
    if (embedding_ == nullptr) {
        return;
    }
    if (embedding_->type == DataType::Fp16) {
        const auto bits = row_of<std::uint16_t>(*embedding_, row, rows_);
        out.embedding.assign(bits.begin(), bits.end());
        return;
    }
    const auto values = row_of<float>(*embedding_, row, rows_);
    out.embedding.resize(values.size());
    vectors::to_half(values, out.embedding);
}

}  // namespace flywheel::serving
