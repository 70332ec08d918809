// SPDX-License-Identifier: Apache-2.0
#include "ports/engine/tensor_payload.h"

#include <array>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace flywheel {
namespace {

/// Two rows: three numbers and two texts each.
struct TwoRows {
    std::array<float, 6> numbers = {1, 2, 3, 4, 5, 6};
    std::array<std::string_view, 4> texts = {"a", "bc", "", "def"};
    std::array<std::string_view, 2> names = {"x", "na\"me"};
    std::array<TensorView, 2> tensors = {
        TensorView{DataType::Fp32, {2, 3}, std::as_bytes(std::span(numbers)), {}},
        TensorView{DataType::Bytes, {2, 2}, {}, texts}
    };
    TensorPayloads payloads{TensorPayloads::List::Inputs, names, tensors, 2};

    [[nodiscard]] std::string row(std::size_t index) const {
        std::string bytes = payloads.header(index);
        payloads.append_elements(index, bytes);
        return bytes;
    }

    [[nodiscard]] std::string media_type(std::size_t index) const {
        return tensor_media_type(payloads.header(index).size());
    }
};

TEST(TensorPayload, IsARequestOfTheProtocolInItsBinaryForm) {
    const TwoRows rows;
    EXPECT_EQ(
        rows.payloads.header(1),
        R"({"inputs":[{"name":"x","datatype":"FP32","shape":[1,3],"parameters":)"
        R"({"binary_data_size":12}},{"name":"na\"me","datatype":"BYTES","shape":[1,2],)"
        R"("parameters":{"binary_data_size":11}}]})"
    );
    EXPECT_EQ(rows.media_type(1), "application/vnd.flywheel.tensors; header=182");
}

TEST(TensorPayload, GivesBackTheRowOfEachTensor) {
    const TwoRows rows;
    const auto decoded = decode_tensor_payload(rows.media_type(1), rows.row(1));
    ASSERT_TRUE(decoded) << decoded.error().message;
    ASSERT_EQ(decoded->size(), 2U);
    const NamedTensor& numbers = (*decoded)[0];
    EXPECT_EQ(numbers.name, "x");
    EXPECT_EQ(numbers.tensor.shape, (Shape{1, 3}));
    const auto bytes = numbers.tensor.bytes.bytes();
    const std::span<const float> values(reinterpret_cast<const float*>(bytes.data()), 3);
    EXPECT_EQ(std::vector<float>(values.begin(), values.end()), (std::vector<float>{4, 5, 6}));
    EXPECT_EQ((*decoded)[1].name, "na\"me");
    EXPECT_EQ((*decoded)[1].tensor.strings, (std::vector<std::string>{"", "def"}));
}

TEST(TensorPayload, IsRefusedWhenCutOrOfAnotherKind) {
    const TwoRows rows;
    const std::string good = rows.row(0);
    for (std::size_t size = 0; size < good.size(); ++size) {
        const auto cut = decode_tensor_payload(rows.media_type(0), good.substr(0, size));
        ASSERT_FALSE(cut) << size;
        EXPECT_EQ(cut.error().code, Code::Corrupt);
    }
    EXPECT_FALSE(decode_tensor_payload(rows.media_type(0), good + "x"));
    for (const char* type :
         {"text/plain",
          "",
          "application/vnd.flywheel.tensors; header=",
          "application/vnd.flywheel.tensors; header=-1"}) {
        EXPECT_EQ(decode_tensor_payload(type, good).error().code, Code::InvalidArgument) << type;
    }
}

RC_GTEST_PROP(TensorPayload, ReadsNoiseSafely, (std::size_t at, char byte)) {
    const TwoRows rows;
    std::string bytes = rows.row(0);
    bytes[at % bytes.size()] = byte;
    const auto decoded = decode_tensor_payload(rows.media_type(0), bytes);
    const bool refused = !decoded && decoded.error().code == Code::Corrupt;
    RC_ASSERT(decoded.has_value() || refused);
}

}  // namespace
}  // namespace flywheel
