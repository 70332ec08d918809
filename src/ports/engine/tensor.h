#pragma once
// SPDX-License-Identifier: Apache-2.0
// Tensors as models and the inference protocol see them: datatypes, shapes, what a model takes and
// gives (its Signature), views on values. Used by engines, serving and the gateway. Plain values
// and pure functions, any thread.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace flywheel {

/// The datatypes of the Open Inference Protocol V2. BYTES elements are byte strings of any length.
enum class DataType : std::uint8_t {
    Bool,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    Int8,
    Int16,
    Int32,
    Int64,
    Fp16,
    Bf16,
    Fp32,
    Fp64,
    Bytes,
};

inline constexpr std::size_t kDataTypes = 14;

/// "FP32".
[[nodiscard]] std::string_view name_of(DataType type);
/// As model configurations write it: "TYPE_FP32"; BYTES is "TYPE_STRING".
[[nodiscard]] std::string_view config_name_of(DataType type);
/// By the protocol's name, e.g. "FP32".
[[nodiscard]] std::optional<DataType> data_type_named(std::string_view name);
/// Bytes of one element; 0 for BYTES, whose elements differ.
[[nodiscard]] std::size_t item_size(DataType type);

inline constexpr std::size_t kMaxDimensions = 8;

/// Up to kMaxDimensions sizes, outermost first. In a TensorSpec -1 means any size.
class Shape {
  public:
    Shape() = default;

    Shape(std::initializer_list<std::int64_t> sizes) {
        for (const std::int64_t size : sizes) {
            CHECK(push_back(size));
        }
    }

    /// False, and nothing happens, when all dimensions are taken.
    [[nodiscard]] bool push_back(std::int64_t size) {
        if (count_ == kMaxDimensions) {
            return false;
        }
        sizes_[count_++] = size;
        return true;
    }

    [[nodiscard]] std::size_t size() const { return count_; }

    [[nodiscard]] bool empty() const { return count_ == 0; }

    std::int64_t& operator[](std::size_t index) { return sizes_[index]; }

    std::int64_t operator[](std::size_t index) const { return sizes_[index]; }

    [[nodiscard]] const std::int64_t* begin() const { return sizes_.data(); }

    [[nodiscard]] const std::int64_t* end() const { return sizes_.data() + count_; }

    bool operator==(const Shape& other) const {
        return std::equal(begin(), end(), other.begin(), other.end());
    }

    /// "[2,-1]".
    [[nodiscard]] std::string text() const;

  private:
    std::array<std::int64_t, kMaxDimensions> sizes_{};
    std::size_t count_ = 0;
};

/// Nothing when the product needs more than 63 bits.
[[nodiscard]] std::optional<std::uint64_t> checked_product(std::uint64_t a, std::uint64_t b);

/// Product of the dimensions, 1 without any. InvalidArgument: one is negative, or the product needs
/// more than 63 bits.
Result<std::uint64_t> element_count(const Shape& shape);
/// Elements times item size; InvalidArgument as above. `type` is not BYTES.
Result<std::uint64_t> byte_count(DataType type, const Shape& shape);

/// True when `shape` has the dimensions `wanted`; -1 there fits any.
[[nodiscard]] bool fits(const Shape& shape, const Shape& wanted);

/// One input or output of a model.
struct TensorSpec {
    std::string name;
    DataType type = DataType::Fp32;
    Shape shape{};  ///< With the batch dimension when the model batches; -1 = any size.
    bool only_when_named = false;  ///< An output that callers get only if they ask for it by name.
    std::vector<std::string> labels{};  ///< Of an output of class scores: names in class order.
};

/// What a model takes and gives.
struct Signature {
    std::vector<TensorSpec> inputs;
    std::vector<TensorSpec> outputs;
    bool batches = true;  ///< The first dimension of every tensor counts rows.

    [[nodiscard]] const TensorSpec* input(std::string_view name) const;
    /// Place of the output of that name.
    [[nodiscard]] std::optional<std::size_t> output(std::string_view name) const;
};

/// Values that somebody else owns. Numbers are row-major and little-endian, aligned to their size.
struct TensorView {
    DataType type = DataType::Fp32;
    Shape shape{};
    std::span<const std::byte> bytes{};           ///< Elements; empty for BYTES.
    std::span<const std::string_view> strings{};  ///< Elements of BYTES; empty for others.

    /// The elements as T, whose size is the datatype's.
    template <class T>
    [[nodiscard]] std::span<const T> as() const {
        CHECK(sizeof(T) == item_size(type));
        return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
    }
};

/// 64-byte aligned bytes that can be used again without a new allocation.
class AlignedBytes {
  public:
    /// Makes room for `size` bytes; what was there is kept only when there was room already.
    [[nodiscard]] std::span<std::byte> resize(std::size_t size);
    [[nodiscard]] std::span<const std::byte> bytes() const;

    [[nodiscard]] std::size_t capacity() const { return blocks_.capacity() * sizeof(Block); }

  private:
    struct alignas(64) Block {
        std::array<std::byte, 64> bytes;
    };

    std::vector<Block> blocks_;
    std::size_t size_ = 0;
};

/// Values of its own, as a model gives them.
struct Tensor {
    DataType type = DataType::Fp32;
    Shape shape{};
    AlignedBytes bytes{};                ///< Elements; empty for BYTES.
    std::vector<std::string> strings{};  ///< Elements of BYTES; empty for others.
};

/// The FP32 value of a BF16 element: its upper half. Exact.
[[nodiscard]] float from_bf16(std::uint16_t bits);

}  // namespace flywheel
