// SPDX-License-Identifier: Apache-2.0
#include "rooms/serving/versions/warm_up_rows.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace flywheel::serving {

namespace {

bool same_shapes(std::span<const Tensor> a, std::span<const Tensor> b) {
    return std::ranges::equal(a, b, {}, &Tensor::shape, &Tensor::shape);
}

}  // namespace

std::vector<TensorView> WarmUpBatch::views() const {
    std::vector<TensorView> views;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        const Tensor& tensor = numbers[i];
        views.push_back({tensor.type, tensor.shape, tensor.bytes.bytes(), strings[i]});
    }
    return views;
}

WarmUpBatch zeros(const Signature& signature, std::int64_t rows) {
    WarmUpBatch batch;
    for (const TensorSpec& spec : signature.inputs) {
        Tensor& tensor = batch.numbers.emplace_back();
        auto& strings = batch.strings.emplace_back();
        tensor.type = spec.type;
        for (const std::int64_t size : spec.shape) {
            const bool counts_rows = signature.batches && tensor.shape.empty();
            CHECK(tensor.shape.push_back(counts_rows ? rows : std::max<std::int64_t>(size, 1)));
        }
        const std::size_t count = element_count(tensor.shape).value_or(0);
        if (tensor.type == DataType::Bytes) {
            strings.resize(count);
        } else {
            std::ranges::fill(tensor.bytes.resize(count * item_size(tensor.type)), std::byte{0});
        }
    }
    return batch;
}

WarmUpRows::WarmUpRows(const Signature& signature, std::span<const CapturedPayload> captured)
    : signature_(&signature) {
    for (const CapturedPayload& payload : captured) {
        take(payload);
    }
}

void WarmUpRows::take(const CapturedPayload& payload) {
    auto decoded = decode_tensor_payload(payload.media_type, payload.bytes);
    if (!decoded) {
        return;
    }
    Row row;
    for (const TensorSpec& spec : signature_->inputs) {
        const auto named = std::ranges::find(*decoded, spec.name, &NamedTensor::name);
        if (named == decoded->end() || named->tensor.type != spec.type ||
            !fits(named->tensor.shape, spec.shape) ||
            (signature_->batches && named->tensor.shape[0] != 1)) {
            return;
        }
        row.push_back(std::move(named->tensor));
    }
    rows_.push_back(std::move(row));
}

WarmUpBatch WarmUpRows::batch(std::span<const std::size_t> places, std::size_t rows) const {
    CHECK(!places.empty());
    const Row& first = rows_[places[0]];
    std::vector<const Row*> taken;
    for (std::size_t i = 0; taken.size() < rows; i = (i + 1) % places.size()) {
        if (const Row& row = rows_[places[i]]; same_shapes(row, first)) {
            taken.push_back(&row);
        }
    }
    WarmUpBatch batch;
    for (std::size_t input = 0; input < signature_->inputs.size(); ++input) {
        const Tensor& model = first[input];
        Tensor& tensor = batch.numbers.emplace_back();
        auto& strings = batch.strings.emplace_back();
        tensor.type = model.type;
        tensor.shape = model.shape;
        if (signature_->batches) {
            tensor.shape[0] = static_cast<std::int64_t>(rows);
        }
        auto to = tensor.bytes.resize(rows * model.bytes.bytes().size()).begin();
        for (const Row* row : taken) {
            const Tensor& from = (*row)[input];
            to = std::ranges::copy(from.bytes.bytes(), to).out;
            strings.insert(strings.end(), from.strings.begin(), from.strings.end());
        }
    }
    return batch;
}

}  // namespace flywheel::serving
