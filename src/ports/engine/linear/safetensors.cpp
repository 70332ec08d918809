// SPDX-License-Identifier: Apache-2.0
#include "ports/engine/linear/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/json_value.h"
#include "base/text.h"

namespace flywheel::linear {

namespace {

// Tensor bytes are copied as they are.
static_assert(std::endian::native == std::endian::little);

struct DtypeRow {
    Dtype dtype;
    std::string_view name;
    std::size_t width;
};

constexpr std::array<DtypeRow, 13> kDtypes{{
    {Dtype::Bool, "BOOL", 1},
    {Dtype::U8, "U8", 1},
    {Dtype::I8, "I8", 1},
    {Dtype::U16, "U16", 2},
    {Dtype::I16, "I16", 2},
    {Dtype::F16, "F16", 2},
    {Dtype::BF16, "BF16", 2},
    {Dtype::U32, "U32", 4},
    {Dtype::I32, "I32", 4},
    {Dtype::F32, "F32", 4},
    {Dtype::U64, "U64", 8},
    {Dtype::I64, "I64", 8},
    {Dtype::F64, "F64", 8},
}};

constexpr std::string_view kMetadata = "__metadata__";
constexpr std::size_t kLengthBytes = 8;

/// Bytes that a tensor of that shape takes; nothing when the product does not fit.
std::optional<std::uint64_t> bytes_needed(Dtype dtype, const std::vector<std::uint64_t>& shape) {
    std::uint64_t bytes = width_of(dtype);
    for (const std::uint64_t extent : shape) {
        if (__builtin_mul_overflow(bytes, extent, &bytes)) {
            return std::nullopt;
        }
    }
    return bytes;
}

Result<Dtype> parse_dtype(const Json& entry, const std::string& name) {
    const auto field = entry.find("dtype");
    if (field == entry.end() || !field->is_string()) {
        return corrupt(fmt::format("Tensor has no dtype: '{}'", name));
    }
    const auto& text = field->get_ref<const std::string&>();
    for (const DtypeRow& row : kDtypes) {
        if (row.name == text) {
            return row.dtype;
        }
    }
    return make_error(
        Code::Unsupported,
        fmt::format("Tensor has an unknown dtype; convert it first: '{}' is {}", name, text)
    );
}

Result<std::vector<std::uint64_t>> parse_counts(
    const Json& entry, const char* field, const std::string& name
) {
    const auto found = entry.find(field);
    if (found == entry.end() || !found->is_array()) {
        return corrupt(fmt::format("Tensor has no {}: '{}'", field, name));
    }
    std::vector<std::uint64_t> counts;
    for (const Json& item : *found) {
        if (!item.is_number_unsigned()) {
            return corrupt(fmt::format("Tensor's {} is not a list of counts: '{}'", field, name));
        }
        counts.push_back(item.get<std::uint64_t>());
    }
    return counts;
}

struct Placed {
    Tensor tensor;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};

Result<Placed> parse_entry(const std::string& name, const Json& entry, std::string_view buffer) {
    if (!entry.is_object()) {
        return corrupt(fmt::format("Tensor entry is not an object: '{}'", name));
    }
    Placed placed;
    placed.tensor.name = name;
    placed.tensor.dtype = TRY(parse_dtype(entry, name));
    placed.tensor.shape = TRY(parse_counts(entry, "shape", name));
    const auto offsets = TRY(parse_counts(entry, "data_offsets", name));
    if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > buffer.size()) {
        return corrupt(
            fmt::format("Tensor lies outside of the {} bytes there are: '{}'", buffer.size(), name)
        );
    }
    placed.begin = offsets[0];
    placed.end = offsets[1];
    const auto needed = bytes_needed(placed.tensor.dtype, placed.tensor.shape);
    if (!needed || *needed != placed.end - placed.begin) {
        return corrupt(fmt::format(
            "Tensor's shape does not match its {} bytes: '{}'", placed.end - placed.begin, name
        ));
    }
    placed.tensor.bytes = buffer.substr(placed.begin, placed.end - placed.begin);
    return placed;
}

/// Every byte of the buffer belongs to exactly one tensor.
Result<void> check_cover(std::vector<Placed>& placed, std::uint64_t size) {
    std::sort(placed.begin(), placed.end(), [](const Placed& a, const Placed& b) {
        return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
    });
    std::uint64_t covered = 0;
    for (const Placed& one : placed) {
        if (one.begin != covered) {
            return corrupt(fmt::format(
                "Tensors {}: '{}' begins at byte {}, the one before ends at {}",
                one.begin > covered ? "leave a hole" : "overlap",
                one.tensor.name,
                one.begin,
                covered
            ));
        }
        covered = one.end;
    }
    if (covered != size) {
        return corrupt(fmt::format("Tensors end at byte {} of {}", covered, size));
    }
    return {};
}

Result<std::map<std::string, std::string>> parse_metadata(const Json& object) {
    if (!object.is_object()) {
        return corrupt("Metadata is not an object of strings");
    }
    std::map<std::string, std::string> metadata;
    for (const auto& [key, value] : object.items()) {
        if (!value.is_string()) {
            return corrupt(fmt::format("Metadata value is not a string: '{}'", key));
        }
        metadata.emplace(key, value.get<std::string>());
    }
    return metadata;
}

/// The header's text and the buffer behind it.
Result<std::pair<std::string_view, std::string_view>> split(std::string_view bytes) {
    if (bytes.size() < kLengthBytes) {
        return corrupt(fmt::format("Tensor file is shorter than its header: {} bytes", bytes.size())
        );
    }
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data(), kLengthBytes);
    if (length > kHeaderBytesMax || length > bytes.size() - kLengthBytes) {
        return corrupt(fmt::format(
            "Tensor file's header is too long: {} bytes of {} (at most {})",
            length,
            bytes.size(),
            kHeaderBytesMax
        ));
    }
    const auto header = bytes.substr(kLengthBytes, length);
    if (header.empty() || header.front() != '{') {
        return corrupt("Tensor file's header does not begin with '{'");
    }
    return std::pair(header, bytes.substr(kLengthBytes + length));
}

Result<void> check_tensor(const Tensor& tensor) {
    if (tensor.name == kMetadata) {
        return invalid_argument("Tensor has a reserved name: '__metadata__'");
    }
    TRY(check_utf8(tensor.name).within("Tensor name"));
    const auto needed = bytes_needed(tensor.dtype, tensor.shape);
    if (!needed || *needed != tensor.bytes.size()) {
        return invalid_argument(fmt::format(
            "Tensor's shape does not match its {} bytes: '{}'", tensor.bytes.size(), tensor.name
        ));
    }
    return {};
}

Result<std::string> header_of(
    const std::vector<const Tensor*>& order, const std::map<std::string, std::string>& metadata
) {
    Json header = Json::object();
    std::uint64_t at = 0;
    for (const Tensor* tensor : order) {
        const std::uint64_t end = at + tensor->bytes.size();
        Json entry{{"dtype", name_of(tensor->dtype)}, {"data_offsets", {at, end}}};
        entry["shape"] = tensor->shape;
        if (!header.emplace(tensor->name, std::move(entry)).second) {
            return invalid_argument(fmt::format("Tensor name stands twice: '{}'", tensor->name));
        }
        at = end;
    }
    for (const auto& [key, value] : metadata) {
        TRY(check_utf8(key).within("Metadata key"));
        TRY(check_utf8(value).within("Metadata value"));
        header[std::string(kMetadata)][key] = value;
    }
    std::string text = canonical(header);
    text.resize((text.size() + kLengthBytes - 1) / kLengthBytes * kLengthBytes, ' ');
    if (text.size() > kHeaderBytesMax) {
        return invalid_argument(fmt::format("Tensor file's header is too long: {}", text.size()));
    }
    return text;
}

}  // namespace

std::string_view name_of(Dtype dtype) {
    return kDtypes[static_cast<std::size_t>(dtype)].name;
}

std::size_t width_of(Dtype dtype) {
    return kDtypes[static_cast<std::size_t>(dtype)].width;
}

const Tensor* TensorFile::find(std::string_view name) const {
    const auto found = std::find_if(tensors.begin(), tensors.end(), [&](const Tensor& tensor) {
        return tensor.name == name;
    });
    return found == tensors.end() ? nullptr : &*found;
}

Result<TensorFile> read_tensors(std::string_view bytes) {
    const auto [text, buffer] = TRY(split(bytes));
    auto header = parse_json(text);
    if (!header) {
        return corrupt("Tensor file's header is not JSON: " + header.error().message);
    }
    TensorFile file;
    std::vector<Placed> placed;
    for (const auto& [name, entry] : header->items()) {
        if (name == kMetadata) {
            file.metadata = TRY(parse_metadata(entry));
        } else {
            placed.push_back(TRY(parse_entry(name, entry, buffer)));
        }
    }
    TRY(check_cover(placed, buffer.size()));
    for (Placed& one : placed) {
        file.tensors.push_back(std::move(one.tensor));
    }
    std::sort(file.tensors.begin(), file.tensors.end(), [](const Tensor& a, const Tensor& b) {
        return a.name < b.name;
    });
    return file;
}

Result<std::string> write_tensors(const TensorFile& file) {
    std::vector<const Tensor*> order;
    std::uint64_t size = 0;
    for (const Tensor& tensor : file.tensors) {
        TRY(check_tensor(tensor));
        order.push_back(&tensor);
        size += tensor.bytes.size();
    }
    std::sort(order.begin(), order.end(), [](const Tensor* a, const Tensor* b) {
        const auto wide_a = width_of(a->dtype);
        const auto wide_b = width_of(b->dtype);
        return wide_a != wide_b ? wide_a > wide_b : a->name < b->name;
    });
    const std::string header = TRY(header_of(order, file.metadata));
    const std::uint64_t length = header.size();
    std::string bytes(kLengthBytes, '\0');
    std::memcpy(bytes.data(), &length, kLengthBytes);
    bytes.reserve(kLengthBytes + header.size() + size);
    bytes += header;
    for (const Tensor* tensor : order) {
        bytes += tensor->bytes;
    }
    return bytes;
}

}  // namespace flywheel::linear
