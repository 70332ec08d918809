// SPDX-License-Identifier: Apache-2.0
#include "rooms/serving/batching/tensor_rows.h"

#include <algorithm>

#include <fmt/format.h>

namespace flywheel::serving {

namespace {

/// Values of one row: bytes of numbers, or elements of BYTES.
template <class T>
std::span<const T> cut(
    std::span<const T> all, const Shape& shape, std::int64_t first, std::int64_t rows
) {
    const std::size_t row = shape[0] > 0 ? all.size() / static_cast<std::size_t>(shape[0]) : 0;
    return all.subspan(static_cast<std::size_t>(first) * row, static_cast<std::size_t>(rows) * row);
}

}  // namespace

TensorView view_rows(const TensorView& tensor, std::int64_t first, std::int64_t rows) {
    TensorView part = tensor;
    part.shape[0] = rows;
    part.bytes = cut(tensor.bytes, tensor.shape, first, rows);
    part.strings = cut(tensor.strings, tensor.shape, first, rows);
    return part;
}

Tensor copy_rows(const Tensor& tensor, std::int64_t first, std::int64_t rows) {
    Tensor part;
    part.type = tensor.type;
    part.shape = tensor.shape;
    part.shape[0] = rows;
    const auto bytes = cut(tensor.bytes.bytes(), tensor.shape, first, rows);
    std::copy(bytes.begin(), bytes.end(), part.bytes.resize(bytes.size()).begin());
    const auto strings = cut(std::span(tensor.strings), tensor.shape, first, rows);
    part.strings.assign(strings.begin(), strings.end());
    return part;
}

Tensor join_rows(std::span<const Tensor* const> parts) {
    Tensor all;
    all.type = parts.front()->type;
    all.shape = parts.front()->shape;
    all.shape[0] = 0;
    std::size_t size = 0;
    for (const Tensor* part : parts) {
        all.shape[0] += part->shape[0];
        size += part->bytes.bytes().size();
        all.strings.insert(all.strings.end(), part->strings.begin(), part->strings.end());
    }
    auto place = all.bytes.resize(size).begin();
    for (const Tensor* part : parts) {
        const auto bytes = part->bytes.bytes();
        place = std::copy(bytes.begin(), bytes.end(), place);
    }
    return all;
}

TensorView JoinedRows::join(std::span<const TensorView> parts) {
    TensorView all = parts.front();
    all.shape[0] = 0;
    std::size_t size = 0;
    strings_.clear();
    for (const TensorView& part : parts) {
        all.shape[0] += part.shape[0];
        size += part.bytes.size();
        strings_.insert(strings_.end(), part.strings.begin(), part.strings.end());
    }
    auto place = bytes_.resize(size).begin();
    for (const TensorView& part : parts) {
        place = std::copy(part.bytes.begin(), part.bytes.end(), place);
    }
    all.bytes = bytes_.bytes();
    all.strings = strings_;
    return all;
}

Result<void> check_outputs(
    const Signature& signature,
    std::span<const std::size_t> wanted,
    std::int64_t rows,
    std::span<const Tensor> outputs
) {
    if (outputs.size() != wanted.size()) {
        return internal_error(fmt::format(
            "Model gave other outputs than its signature says: {} of {}",
            outputs.size(),
            wanted.size()
        ));
    }
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        const Tensor& tensor = outputs[i];
        const TensorSpec& spec = signature.outputs[wanted[i]];
        const auto count = element_count(tensor.shape);
        const bool text = tensor.type == DataType::Bytes;
        const std::size_t size =
            text ? tensor.strings.size() : tensor.bytes.bytes().size() / item_size(tensor.type);
        if (tensor.type != spec.type || !fits(tensor.shape, spec.shape) || !count ||
            *count != size || (signature.batches && tensor.shape[0] != rows)) {
            return internal_error(fmt::format(
                "Model gave other outputs than its signature says: '{}' {} {}",
                spec.name,
                name_of(tensor.type),
                tensor.shape.text()
            ));
        }
    }
    return {};
}

}  // namespace flywheel::serving
