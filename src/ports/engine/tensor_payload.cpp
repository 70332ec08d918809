// SPDX-License-Identifier: Apache-2.0
#include "ports/engine/tensor_payload.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <fmt/format.h>

#include "base/json_value.h"
#include "base/text.h"

namespace flywheel {

namespace {

constexpr std::string_view kMediaType = "application/vnd.flywheel.tensors; header=";
using Length = std::uint32_t;

/// As a JSON string. Most names are as they stand.
void append_quoted(std::string& out, std::string_view name) {
    const bool plain = std::ranges::all_of(name, [](char c) {
        return c >= ' ' && c <= '~' && c != '"' && c != '\\';
    });
    if (plain) {
        out += '"';
        out += name;
        out += '"';
    } else {
        out += Json(name).dump(-1, ' ', false, Json::error_handler_t::replace);
    }
}

/// One of a list; written by hand, for it is written with every row.
void append_entry(
    std::string& out, std::string_view name, DataType type, const Shape& shape, std::size_t bytes
) {
    out += "{\"name\":";
    append_quoted(out, name);
    out += ",\"datatype\":\"";
    out += name_of(type);
    out += "\",\"shape\":[";
    for (std::size_t i = 0; i < shape.size(); ++i) {
        out += i > 0 ? "," : "";
        append_number(out, shape[i]);
    }
    out += "],\"parameters\":{\"binary_data_size\":";
    append_number(out, bytes);
    out += "}}";
}

Error damaged(std::string_view why) {
    return corrupt(fmt::format("Captured tensors are damaged: {}", why));
}

Result<Shape> shape_of(const Json& sizes) {
    if (!sizes.is_array()) {
        return damaged("a shape is a list");
    }
    Shape shape;
    for (const Json& size : sizes) {
        if (!size.is_number_integer() || size.get<std::int64_t>() < 0 ||
            !shape.push_back(size.get<std::int64_t>())) {
            return damaged("a shape has sizes that cannot be");
        }
    }
    return shape;
}

Result<std::vector<std::string>> strings_of(std::string_view bytes, std::uint64_t count) {
    std::vector<std::string> strings;
    for (; count > 0 && bytes.size() >= sizeof(Length); --count) {
        Length length = 0;
        std::memcpy(&length, bytes.data(), sizeof length);
        if (length > bytes.size() - sizeof length) {
            break;
        }
        strings.emplace_back(bytes.substr(sizeof length, length));
        bytes.remove_prefix(sizeof length + length);
    }
    if (count > 0 || !bytes.empty()) {
        return damaged("elements of BYTES do not add up");
    }
    return strings;
}

/// Takes the tensor's elements off the front of `bytes`.
Result<NamedTensor> take_tensor(const Json& json, std::string_view& bytes) {
    NamedTensor named;
    named.name = TRY(string_field(json, "name"));
    const auto type = data_type_named(TRY(string_field(json, "datatype")));
    if (!type || !json.contains("shape") || !json.contains("parameters")) {
        return damaged("a tensor lacks its datatype, shape or size");
    }
    Tensor& tensor = named.tensor;
    tensor.type = *type;
    tensor.shape = TRY(shape_of(json["shape"]));
    const std::uint64_t count = TRY(element_count(tensor.shape));
    const auto size =
        static_cast<std::uint64_t>(TRY(integer_field(json["parameters"], "binary_data_size")));
    if (size > bytes.size()) {
        return damaged("it ends within a tensor");
    }
    const std::string_view elements = bytes.substr(0, size);
    bytes.remove_prefix(size);
    if (*type == DataType::Bytes) {
        tensor.strings = TRY(strings_of(elements, count));
        return named;
    }
    if (TRY(byte_count(*type, tensor.shape)) != size) {
        return damaged("a tensor has another size than its shape");
    }
    const auto from = std::as_bytes(std::span(elements));
    std::ranges::copy(from, tensor.bytes.resize(size).begin());
    return named;
}

Result<std::vector<NamedTensor>> take_tensors(std::string_view header, std::string_view bytes) {
    const Json json = TRY(parse_json(header));
    const auto inputs = json.find("inputs");
    if (!json.is_object() || inputs == json.end() || !inputs->is_array()) {
        return damaged("its header lists no inputs");
    }
    std::vector<NamedTensor> tensors;
    for (const Json& one : *inputs) {
        tensors.push_back(TRY(take_tensor(one, bytes)));
    }
    if (!bytes.empty()) {
        return damaged("bytes are left over");
    }
    return tensors;
}

}  // namespace

TensorPayloads::TensorPayloads(
    List list,
    std::span<const std::string_view> names,
    std::span<const TensorView> tensors,
    std::size_t rows
)
    : list_(list), names_(names), tensors_(tensors), rows_(std::max<std::size_t>(rows, 1)) {
    CHECK(names.size() == tensors.size());
}

std::span<const std::string_view> TensorPayloads::strings_of(
    const TensorView& tensor, std::size_t row
) const {
    const std::size_t count = tensor.strings.size() / rows_;
    return tensor.strings.subspan(row * count, count);
}

std::size_t TensorPayloads::bytes_of(const TensorView& tensor, std::size_t row) const {
    std::size_t bytes = tensor.bytes.size() / rows_;
    for (const std::string_view text : strings_of(tensor, row)) {
        bytes += sizeof(Length) + text.size();
    }
    return bytes;
}

std::string TensorPayloads::header(std::size_t row) const {
    std::string json = list_ == List::Inputs ? R"({"inputs":[)" : R"({"outputs":[)";
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
        const TensorView& tensor = tensors_[i];
        Shape shape = tensor.shape;
        if (rows_ > 1 && !shape.empty()) {
            shape[0] = 1;
        }
        json += i > 0 ? "," : "";
        append_entry(json, names_[i], tensor.type, shape, bytes_of(tensor, row));
    }
    json += "]}";
    return json;
}

void TensorPayloads::append_elements(std::size_t row, std::string& out) const {
    for (const TensorView& tensor : tensors_) {
        const std::size_t size = tensor.bytes.size() / rows_;
        if (size > 0) {
            out.append(reinterpret_cast<const char*>(tensor.bytes.data()) + row * size, size);
        }
        for (const std::string_view text : strings_of(tensor, row)) {
            const auto length = static_cast<Length>(text.size());
            out.append(reinterpret_cast<const char*>(&length), sizeof length);
            out += text;
        }
    }
}

std::string tensor_media_type(std::size_t header_bytes) {
    std::string type(kMediaType);
    append_number(type, header_bytes);
    return type;
}

Result<std::vector<NamedTensor>> decode_tensor_payload(
    std::string_view media_type, std::string_view bytes
) {
    std::size_t header = 0;
    const bool ours = media_type.starts_with(kMediaType);
    const std::string_view digits = ours ? media_type.substr(kMediaType.size()) : "";
    const auto* const end = digits.data() + digits.size();
    const auto parsed = std::from_chars(digits.data(), end, header);
    if (!ours || parsed.ec != std::errc() || parsed.ptr != end) {
        return invalid_argument(fmt::format("Payload is no row of tensors: {}", media_type));
    }
    if (header > bytes.size()) {
        return damaged("its header is cut");
    }
    auto tensors = take_tensors(bytes.substr(0, header), bytes.substr(header));
    if (!tensors && tensors.error().code == Code::InvalidArgument) {
        return damaged(tensors.error().message);
    }
    return tensors;
}

}  // namespace flywheel
