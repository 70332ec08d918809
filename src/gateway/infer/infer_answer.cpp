// SPDX-License-Identifier: Apache-2.0
#include "gateway/infer/infer_answer.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "base/text.h"
#include "gateway/http/message.h"
#include "gateway/infer/binary_elements.h"

namespace flywheel::gateway {

namespace {

using http::append_json_string;

template <class T>
void append_numbers(std::string& out, const TensorView& tensor) {
    for (const T value : tensor.as<T>()) {
        if constexpr (std::is_floating_point_v<T>) {
            if (!std::isfinite(value)) {
                out += "null,";
                continue;
            }
        }
        append_number(out, value);
        out += ',';
    }
}

Result<void> append_texts(std::string& out, const AnswerTensor& tensor) {
    for (const std::string_view text : tensor.values.strings) {
        if (first_invalid_utf8(text) != std::string_view::npos) {
            return invalid_argument(
                fmt::format("Output is not UTF-8; ask for binary data: '{}'", tensor.name)
            );
        }
        append_json_string(out, text);
        out += ',';
    }
    return {};
}

Result<void> append_elements(std::string& out, const AnswerTensor& tensor) {
    const TensorView& values = tensor.values;
    switch (values.type) {
        case DataType::Bytes:
            return append_texts(out, tensor);
        case DataType::Bool:
            for (const std::uint8_t flag : values.as<std::uint8_t>()) {
                out += flag != 0 ? "true," : "false,";
            }
            return {};
        case DataType::Uint8:
            return append_numbers<std::uint8_t>(out, values), Result<void>();
        case DataType::Uint16:
            return append_numbers<std::uint16_t>(out, values), Result<void>();
        case DataType::Uint32:
            return append_numbers<std::uint32_t>(out, values), Result<void>();
        case DataType::Uint64:
            return append_numbers<std::uint64_t>(out, values), Result<void>();
        case DataType::Int8:
            return append_numbers<std::int8_t>(out, values), Result<void>();
        case DataType::Int16:
            return append_numbers<std::int16_t>(out, values), Result<void>();
        case DataType::Int32:
            return append_numbers<std::int32_t>(out, values), Result<void>();
        case DataType::Int64:
            return append_numbers<std::int64_t>(out, values), Result<void>();
        case DataType::Fp32:
            return append_numbers<float>(out, values), Result<void>();
        case DataType::Fp64:
            return append_numbers<double>(out, values), Result<void>();
        case DataType::Fp16:
        case DataType::Bf16:
            break;
    }
    return invalid_argument(
        fmt::format("Output '{}': {} needs binary data", tensor.name, name_of(values.type))
    );
}

Result<void> append_tensor(std::string& out, const AnswerTensor& tensor) {
    out += out.back() == '[' ? "{\"name\":" : ",{\"name\":";
    append_json_string(out, tensor.name);
    out += ",\"shape\":[";
    for (const std::int64_t size : tensor.values.shape) {
        append_number(out, size);
        out += ',';
    }
    if (out.back() == ',') {
        out.pop_back();
    }
    out += "],\"datatype\":\"";
    out += name_of(tensor.values.type);
    if (tensor.binary) {
        out += "\",\"parameters\":{\"binary_data_size\":";
        append_number(out, binary_size_of(tensor.values));
        out += "}}";
        return {};
    }
    out += "\",\"data\":[";
    TRY(append_elements(out, tensor));
    if (out.back() == ',') {
        out.pop_back();
    }
    out += "]}";
    return {};
}

template <class T>
bool all_finite(std::span<const T> values) {
    return std::all_of(values.begin(), values.end(), [](T value) { return std::isfinite(value); });
}

bool shows_only_finite(const AnswerTensor& tensor) {
    const TensorView& values = tensor.values;
    return tensor.binary || (values.type == DataType::Fp32   ? all_finite(values.as<float>())
                             : values.type == DataType::Fp64 ? all_finite(values.as<double>())
                                                             : true);
}

}  // namespace

void append_float(std::string& out, float value) {
    if (!std::isfinite(value)) {
        out += "null";
        return;
    }
    append_number(out, value);
}

Result<std::size_t> append_infer_answer(
    std::string& out, const AnswerHead& head, std::span<const AnswerTensor> tensors
) {
    const std::size_t begin = out.size();
    out += "{\"model_name\":";
    append_json_string(out, head.model);
    out += ",\"model_version\":\"";
    out += head.version;
    out += "\",\"id\":";
    append_json_string(out, head.id);
    if (!std::all_of(tensors.begin(), tensors.end(), shows_only_finite)) {
        out += ",\"parameters\":{\"fw_nonfinite\":true}";
    }
    out += ",\"outputs\":[";
    for (const AnswerTensor& tensor : tensors) {
        TRY(append_tensor(out, tensor));
    }
    out += "]}";
    const std::size_t json_bytes = out.size() - begin;
    for (const AnswerTensor& tensor : tensors) {
        if (tensor.binary) {
            append_binary(out, tensor.values);
        }
    }
    return json_bytes;
}

}  // namespace flywheel::gateway
