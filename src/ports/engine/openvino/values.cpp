// SPDX-License-Identifier: Apache-2.0
#include "ports/engine/openvino/values.h"

#include <array>
#include <utility>

#include <fmt/format.h>

namespace flywheel::openvino {

namespace {

constexpr std::array<std::pair<DataType, ov::element::Type_t>, kDataTypes> kTypes = {{
    {DataType::Bool, ov::element::Type_t::boolean},
    {DataType::Uint8, ov::element::Type_t::u8},
    {DataType::Uint16, ov::element::Type_t::u16},
    {DataType::Uint32, ov::element::Type_t::u32},
    {DataType::Uint64, ov::element::Type_t::u64},
    {DataType::Int8, ov::element::Type_t::i8},
    {DataType::Int16, ov::element::Type_t::i16},
    {DataType::Int32, ov::element::Type_t::i32},
    {DataType::Int64, ov::element::Type_t::i64},
    {DataType::Fp16, ov::element::Type_t::f16},
    {DataType::Bf16, ov::element::Type_t::bf16},
    {DataType::Fp32, ov::element::Type_t::f32},
    {DataType::Fp64, ov::element::Type_t::f64},
    {DataType::Bytes, ov::element::Type_t::string},
}};

template <class Port>
Result<TensorSpec> spec_of(const Port& port, std::string_view fallback, std::size_t place) {
    TensorSpec spec;
    const std::string friendly = port.get_node()->get_friendly_name();
    spec.name = !port.get_names().empty() ? port.get_any_name()
                : !friendly.empty()       ? friendly
                                          : fmt::format("{}{}", fallback, place);
    const std::string where = fmt::format("{} '{}'", fallback, spec.name);
    spec.type = TRY(data_type_of(port.get_element_type()).within(where));
    spec.shape = TRY(shape_of(port.get_partial_shape()).within(where));
    return spec;
}

}  // namespace

Result<DataType> data_type_of(const ov::element::Type& type) {
    if (type == ov::element::string) {
        return make_error(
            Code::Unsupported,
            "The runtime's CPU plug-in cannot carry strings; tokenise before the model"
        );
    }
    for (const auto& [ours, theirs] : kTypes) {
        if (type == ov::element::Type(theirs)) {
            return ours;
        }
    }
    return make_error(
        Code::Unsupported,
        fmt::format(
            "The inference protocol has no such datatype; cast it inside the model: {}",
            type.to_string()
        )
    );
}

ov::element::Type runtime_type_of(DataType type) {
    return kTypes.at(static_cast<std::size_t>(type)).second;
}

Result<Shape> shape_of(const ov::PartialShape& shape) {
    Shape made;
    bool fits = shape.rank().is_static();
    for (std::size_t i = 0; fits && i < shape.size(); ++i) {
        fits = made.push_back(shape[i].is_static() ? shape[i].get_length() : -1);
    }
    if (!fits) {
        return make_error(
            Code::Unsupported,
            fmt::format("A tensor has at most {} dimensions: {}", kMaxDimensions, shape.to_string())
        );
    }
    return made;
}

Result<Signature> signature_of(const ov::Model& model) {
    Signature signature;
    for (std::size_t i = 0; i < model.inputs().size(); ++i) {
        signature.inputs.push_back(TRY(spec_of(model.input(i), "input", i)));
    }
    for (std::size_t i = 0; i < model.outputs().size(); ++i) {
        // A result has no name of its own; what it gives has.
        const auto source = model.output(i).get_node()->input_value(0);
        signature.outputs.push_back(TRY(spec_of(source, "output", i)));
    }
    return signature;
}

ov::Tensor to_runtime(const TensorView& view) {
    const ov::Shape shape(view.shape.begin(), view.shape.end());
    if (view.bytes.empty()) {
        return {runtime_type_of(view.type), shape};
    }
    auto* const values = const_cast<std::byte*>(view.bytes.data());  // NOLINT: the API's type
    return {runtime_type_of(view.type), shape, values};
}

Result<void> check_integers(const TensorView& view) {
    if (view.type != DataType::Int64) {
        return {};
    }
    for (const std::int64_t value : view.as<std::int64_t>()) {
        if (value < INT32_MIN || value > INT32_MAX) {
            return invalid_argument(fmt::format(
                "INT64 values are computed in 32 bits by this runtime; this one does not fit: {}",
                value
            ));
        }
    }
    return {};
}

TensorView HeldTensor::hold(ov::Tensor tensor) {
    tensor_ = std::move(tensor);
    TensorView view;
    view.type = data_type_of(tensor_.get_element_type()).value();
    for (const std::size_t size : tensor_.get_shape()) {
        CHECK(view.shape.push_back(static_cast<std::int64_t>(size)));
    }
    const auto* const values = static_cast<const std::byte*>(std::as_const(tensor_).data());
    view.bytes = {values, tensor_.get_byte_size()};
    return view;
}

std::string first_line(std::string_view thrown) {
    std::string said;
    while (!thrown.empty()) {
        const std::string_view line = thrown.substr(0, thrown.find('\n'));
        thrown.remove_prefix(std::min(line.size() + 1, thrown.size()));
        const bool place = line.empty() || line.starts_with("Exception from ") ||
                           line.starts_with("Check '") || line.find(".cpp:") != line.npos;
        if (!place && said.size() < 300) {
            said += (said.empty() ? "" : " ") + std::string(line);
        }
    }
    return said.empty() ? "it gives no reason" : said.substr(0, 400);
}

}  // namespace flywheel::openvino
