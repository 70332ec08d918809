#pragma once
// SPDX-License-Identifier: Apache-2.0
// Small ONNX files for tests: as much of the format (onnx.proto3, protobuf's wire format) as a few
// operators need. Tests only.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace flywheel::testing {

/// TensorProto.DataType
enum class OnnxType : std::uint64_t {
    Float = 1,
    Uint8 = 2,
    Int8 = 3,
    Uint16 = 4,
    Int16 = 5,
    Int32 = 6,
    Int64 = 7,
    String = 8,
    Bool = 9,
    Half = 10,
    Double = 11,
    Uint32 = 12,
    Uint64 = 13,
    Bf16 = 16,
};

/// A protobuf message that grows.
class Proto {
  public:
    Proto& number(std::uint64_t field, std::uint64_t value) {
        varint(field << 3U);
        varint(value);
        return *this;
    }

    Proto& bytes(std::uint64_t field, std::string_view value) {
        varint(field << 3U | 2U);
        varint(value.size());
        text_ += value;
        return *this;
    }

    Proto& message(std::uint64_t field, const Proto& value) { return bytes(field, value.text_); }

    [[nodiscard]] const std::string& text() const { return text_; }

  private:
    void varint(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7U) {
            text_ += static_cast<char>(value | 0x80U);
        }
        text_ += static_cast<char>(value);
    }

    std::string text_;
};

using Words = std::vector<std::string_view>;
using Sizes = std::vector<std::int64_t>;  ///< -1 = free.

class OnnxModel {
  public:
    OnnxModel& input(std::string_view name, OnnxType type, const Sizes& sizes) {
        graph_.message(11, value(name, type, sizes));
        return *this;
    }

    OnnxModel& output(std::string_view name, OnnxType type, const Sizes& sizes) {
        graph_.message(12, value(name, type, sizes));
        return *this;
    }

    template <class T>
    OnnxModel& constant(
        std::string_view name, OnnxType type, const Sizes& sizes, const std::vector<T>& values
    ) {
        Proto tensor;
        for (const std::int64_t size : sizes) {
            tensor.number(1, static_cast<std::uint64_t>(size));
        }
        const auto raw = std::as_bytes(std::span(values));
        tensor.number(2, static_cast<std::uint64_t>(type)).bytes(8, name);
        tensor.bytes(9, {reinterpret_cast<const char*>(raw.data()), raw.size()});
        graph_.message(5, tensor);
        return *this;
    }

    OnnxModel& node(
        std::string_view type,
        const Words& from,
        const Words& to,
        const std::vector<std::pair<std::string_view, std::int64_t>>& integers = {}
    ) {
        Proto node;
        for (const auto name : from) {
            node.bytes(1, name);
        }
        for (const auto name : to) {
            node.bytes(2, name);
        }
        node.bytes(4, type);
        for (const auto& [name, integer] : integers) {
            Proto attribute;
            attribute.bytes(1, name).number(3, static_cast<std::uint64_t>(integer)).number(20, 2);
            node.message(5, attribute);
        }
        graph_.message(1, node);
        return *this;
    }

    /// The file.
    [[nodiscard]] std::string bytes() const {
        Proto graph = graph_;
        graph.bytes(2, "test");
        Proto operators;
        operators.bytes(1, "").number(2, 13);
        Proto model;
        model.number(1, 8).message(8, operators).message(7, graph);
        return model.text();
    }

  private:
    static Proto value(std::string_view name, OnnxType type, const Sizes& sizes) {
        Proto shape;
        for (const std::int64_t size : sizes) {
            Proto dimension;
            size < 0 ? dimension.bytes(2, "n" + std::to_string(-size))
                     : dimension.number(1, static_cast<std::uint64_t>(size));
            shape.message(1, dimension);
        }
        Proto tensor;
        tensor.number(1, static_cast<std::uint64_t>(type)).message(2, shape);
        Proto kind;
        kind.message(1, tensor);
        Proto value;
        value.bytes(1, name).message(2, kind);
        return value;
    }

    Proto graph_;
};

}  // namespace flywheel::testing
