// SPDX-License-Identifier: Apache-2.0
#include "gateway/infer/classification.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "base/text.h"
#include "vectors/half.h"

namespace flywheel::gateway {

namespace {

template <class T>
std::string text_of(T value) {
    std::string text;
    append_number(text, value);
    return text;
}

template <class T>
bool is_nan(T value) {
    if constexpr (std::is_floating_point_v<T>) {
        return std::isnan(value);
    } else {
        return false;
    }
}

template <class T>
void append_best(
    std::span<const T> row,
    std::size_t k,
    const std::vector<std::string>& labels,
    std::vector<std::string>& out
) {
    std::vector<std::size_t> order(row.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto before = [&](std::size_t a, std::size_t b) {
        if (is_nan(row[a]) || is_nan(row[b])) {
            return is_nan(row[a]) == is_nan(row[b]) ? a < b : !is_nan(row[a]);
        }
        return row[a] == row[b] ? a < b : row[a] > row[b];
    };
    const auto middle = order.begin() + static_cast<std::ptrdiff_t>(k);
    std::partial_sort(order.begin(), middle, order.end(), before);
    for (std::size_t i = 0; i < k; ++i) {
        std::string& text = out.emplace_back(text_of(row[order[i]]));
        text += ':' + text_of(order[i]);
        text += order[i] < labels.size() ? ":" + labels[order[i]] : "";
    }
}

template <class T>
Tensor classify_as(
    std::span<const T> values,
    const Shape& shape,
    std::int64_t k,
    const std::vector<std::string>& labels
) {
    const auto classes = static_cast<std::size_t>(shape[shape.size() - 1]);
    const std::size_t rows = classes == 0 ? 0 : values.size() / classes;
    const std::size_t best = std::min<std::size_t>(static_cast<std::size_t>(k), classes);
    Tensor made;
    made.type = DataType::Bytes;
    made.shape = shape;
    made.shape[shape.size() - 1] = static_cast<std::int64_t>(best);
    for (std::size_t row = 0; row < rows; ++row) {
        append_best(values.subspan(row * classes, classes), best, labels, made.strings);
    }
    return made;
}

/// FP16 and BF16 are compared and shown as the FP32 values they are.
std::vector<float> widened(const TensorView& values) {
    std::vector<float> wide;
    for (const std::uint16_t bits : values.as<std::uint16_t>()) {
        wide.push_back(values.type == DataType::Fp16 ? vectors::from_half(bits) : from_bf16(bits));
    }
    return wide;
}

}  // namespace

Tensor classify(
    const TensorView& values, std::int64_t k, const std::vector<std::string>& labels, bool batches
) {
    CHECK(k >= 1 && values.shape.size() == (batches ? 2U : 1U));
    const auto as = [&]<class T>(T /*kind*/) {
        return classify_as(values.as<T>(), values.shape, k, labels);
    };
    switch (values.type) {
        case DataType::Uint8:
            return as(std::uint8_t{});
        case DataType::Uint16:
            return as(std::uint16_t{});
        case DataType::Uint32:
            return as(std::uint32_t{});
        case DataType::Uint64:
            return as(std::uint64_t{});
        case DataType::Int8:
            return as(std::int8_t{});
        case DataType::Int16:
            return as(std::int16_t{});
        case DataType::Int32:
            return as(std::int32_t{});
        case DataType::Int64:
            return as(std::int64_t{});
        case DataType::Fp32:
            return as(float{});
        case DataType::Fp64:
            return as(double{});
        case DataType::Fp16:
        case DataType::Bf16:
            return classify_as(std::span<const float>(widened(values)), values.shape, k, labels);
        case DataType::Bool:
        case DataType::Bytes:
            break;
    }
    CHECK(false);  // a tensor of numbers
    return {};
}

}  // namespace flywheel::gateway
