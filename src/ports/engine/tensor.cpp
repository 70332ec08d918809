// SPDX-License-Identifier: Apache-2.0
#include "ports/engine/tensor.h"

#include <bit>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace flywheel {

static_assert(std::endian::native == std::endian::little, "Tensors are little-endian on the wire");

namespace {

struct TypeRow {
    std::string_view name;
    std::string_view config_name;
    std::size_t item_size;
};

constexpr std::array<TypeRow, kDataTypes> kTypes = {{
    {"BOOL", "TYPE_BOOL", 1},
    {"UINT8", "TYPE_UINT8", 1},
    {"UINT16", "TYPE_UINT16", 2},
    {"UINT32", "TYPE_UINT32", 4},
    {"UINT64", "TYPE_UINT64", 8},
    {"INT8", "TYPE_INT8", 1},
    {"INT16", "TYPE_INT16", 2},
    {"INT32", "TYPE_INT32", 4},
    {"INT64", "TYPE_INT64", 8},
    {"FP16", "TYPE_FP16", 2},
    {"BF16", "TYPE_BF16", 2},
    {"FP32", "TYPE_FP32", 4},
    {"FP64", "TYPE_FP64", 8},
    {"BYTES", "TYPE_STRING", 0},
}};

const TypeRow& row_of(DataType type) {
    return kTypes.at(static_cast<std::size_t>(type));
}

Error too_large(const Shape& shape) {
    return invalid_argument(
        fmt::format("Shape has more elements or bytes than 63 bits can count: {}", shape.text())
    );
}

}  // namespace

std::string_view name_of(DataType type) {
    return row_of(type).name;
}

std::string_view config_name_of(DataType type) {
    return row_of(type).config_name;
}

std::optional<DataType> data_type_named(std::string_view name) {
    for (std::size_t i = 0; i < kTypes.size(); ++i) {
        if (kTypes[i].name == name) {
            return static_cast<DataType>(i);
        }
    }
    return {};
}

std::size_t item_size(DataType type) {
    return row_of(type).item_size;
}

std::string Shape::text() const {
    return fmt::format("[{}]", fmt::join(begin(), end(), ","));
}

std::optional<std::uint64_t> checked_product(std::uint64_t a, std::uint64_t b) {
    std::uint64_t product = 0;
    if (__builtin_mul_overflow(a, b, &product) || product > INT64_MAX) {
        return {};
    }
    return product;
}

Result<std::uint64_t> element_count(const Shape& shape) {
    std::uint64_t count = 1;
    bool zero = false;
    for (const std::int64_t size : shape) {
        if (size < 0) {
            return invalid_argument(fmt::format("Shape has a negative dimension: {}", shape.text())
            );
        }
        zero = zero || size == 0;
        // A zero somewhere does not excuse the others: their product must be countable, too.
        const auto product =
            checked_product(count, size == 0 ? 1 : static_cast<std::uint64_t>(size));
        if (!product) {
            return too_large(shape);
        }
        count = *product;
    }
    return zero ? std::uint64_t{0} : count;
}

Result<std::uint64_t> byte_count(DataType type, const Shape& shape) {
    const auto bytes = checked_product(TRY(element_count(shape)), item_size(type));
    if (!bytes) {
        return too_large(shape);
    }
    return *bytes;
}

bool fits(const Shape& shape, const Shape& wanted) {
    return std::equal(
        shape.begin(),
        shape.end(),
        wanted.begin(),
        wanted.end(),
        [](auto size, auto want) { return want == -1 || want == size; }
    );
}

const TensorSpec* Signature::input(std::string_view name) const {
    for (const TensorSpec& spec : inputs) {
        if (spec.name == name) {
            return &spec;
        }
    }
    return nullptr;
}

std::optional<std::size_t> Signature::output(std::string_view name) const {
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        if (outputs[i].name == name) {
            return i;
        }
    }
    return {};
}

std::span<std::byte> AlignedBytes::resize(std::size_t size) {
    const std::size_t needed = (size + sizeof(Block) - 1) / sizeof(Block);
    if (needed > blocks_.size()) {
        blocks_.resize(needed);
    }
    size_ = size;
    return {reinterpret_cast<std::byte*>(blocks_.data()), size_};
}

std::span<const std::byte> AlignedBytes::bytes() const {
    return {reinterpret_cast<const std::byte*>(blocks_.data()), size_};
}

float from_bf16(std::uint16_t bits) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U);
}

}  // namespace flywheel
