// SPDX-License-Identifier: Apache-2.0
#include "gateway/infer/infer_answer.h"

#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "gateway/infer/binary_elements.h"
#include "gateway/infer/classification.h"
#include "gateway/infer/json_elements.h"
#include "gateway/infer/reading_fixture.h"

namespace flywheel::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Reading;
using testing::signature_of;

/// The one tensor as its answer.
std::string answer_with(const TensorView& tensor, bool binary, std::size_t* json_bytes = nullptr) {
    std::string out;
    const std::vector<AnswerTensor> tensors = {{"y", tensor, binary}};
    const auto size = append_infer_answer(out, {"m", "1", "q"}, tensors);
    if (json_bytes != nullptr) {
        *json_bytes = size.value();
    }
    return size ? out : size.error().message;
}

/// What stands in "data":[...], or behind the JSON.
std::string values_in(const std::string& answer) {
    const std::size_t begin = answer.find("\"data\":") + 7;
    return answer.substr(begin, answer.size() - begin - 3);
}

std::string head_of(DataType type, std::size_t count, const std::string& rest) {
    return fmt::format(
        R"({{"inputs":[{{"name":"x","shape":[{}],"datatype":"{}",{}}}],"outputs":[{{"name":"y","parameters":{{"binary_data":true}}}}]}})",
        count,
        name_of(type),
        rest
    );
}

/// Bytes -> binary request -> tensor -> binary answer, the same bytes; and, for types that JSON
/// has, tensor -> JSON answer -> JSON request -> tensor, the same bytes.
void expect_round_trip(DataType type, const std::string& bytes, std::size_t count) {
    SCOPED_TRACE(name_of(type));
    Reading first;
    const Signature signature = signature_of(type, {-1});
    const auto outcome = first.binary(
        signature,
        head_of(
            type, count, fmt::format(R"("parameters":{{"binary_data_size":{}}})", bytes.size())
        ),
        bytes
    );
    ASSERT_TRUE(outcome) << outcome.error().message;
    const TensorView& tensor = first.body.inputs[0];
    std::size_t json_bytes = 0;
    const std::string binary = answer_with(tensor, true, &json_bytes);
    EXPECT_EQ(binary.substr(json_bytes), bytes);
    EXPECT_EQ(binary_size_of(tensor), bytes.size());
    if (type == DataType::Fp16 || type == DataType::Bf16) {
        EXPECT_THAT(answer_with(tensor, false), HasSubstr("needs binary data"));
        return;
    }
    Reading second;
    const std::string data = values_in(answer_with(tensor, false));
    const auto again = second.json(signature, head_of(type, count, "\"data\":" + data));
    ASSERT_TRUE(again) << again.error().message << " in " << data;
    std::string back;
    append_binary(back, second.body.inputs[0]);
    EXPECT_EQ(back, bytes);
}

/// Bytes of `count` elements, whatever they mean.
std::string random_elements(DataType type, std::size_t count, Rng& rng) {
    std::string bytes;
    if (type == DataType::Bytes) {
        for (std::size_t i = 0; i < count; ++i) {
            const std::string text(rng.below(5), "a\"\\\n\x7F"[rng.below(5)]);
            const auto length = static_cast<std::uint32_t>(text.size());
            bytes.append(reinterpret_cast<const char*>(&length), 4);
            bytes += text;
        }
        return bytes;
    }
    for (std::size_t i = 0; i < count * item_size(type); ++i) {
        bytes += static_cast<char>(rng.below(type == DataType::Bool ? 2 : 256));
    }
    return bytes;
}

template <class T>
bool all_finite(const std::string& bytes) {
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(T)) {
        T one = 0;
        std::memcpy(&one, bytes.data() + at, sizeof(T));
        if (!std::isfinite(one)) {
            return false;
        }
    }
    return true;
}

TEST(Tensors, OfEveryDatatypeGoRoundInJsonAndInBinary) {
    Rng rng(7);
    for (std::size_t index = 0; index < kDataTypes; ++index) {
        const auto type = static_cast<DataType>(index);
        for (int round = 0; round < 200; ++round) {
            const std::size_t count = 1 + rng.below(9);
            const std::string bytes = random_elements(type, count, rng);
            // What is not finite has no JSON form that reads back.
            if ((type != DataType::Fp32 || all_finite<float>(bytes)) &&
                (type != DataType::Fp64 || all_finite<double>(bytes))) {
                expect_round_trip(type, bytes, count);
            }
        }
    }
}

RC_GTEST_PROP(NearestFloat, IsWhatTheLibraryReads, (std::uint32_t bits, std::uint8_t digits)) {
    const auto value = std::bit_cast<float>(bits);
    RC_PRE(std::isfinite(value));
    // Around the middle between two floats, where rounding twice goes wrong.
    const double middle =
        (static_cast<double>(value) + static_cast<double>(std::nextafter(value, INFINITY))) / 2;
    const std::string token = fmt::format("{:.{}e}", middle, 9 + digits % 40);
    const double number = std::strtod(token.c_str(), nullptr);
    const float wanted = std::strtof(token.c_str(), nullptr);
    float got = 0;
    const bool fits = nearest_float(number, got, [&] { return std::string_view(token); });
    RC_ASSERT(fits == std::isfinite(wanted));
    RC_ASSERT(!fits || std::bit_cast<std::uint32_t>(got) == std::bit_cast<std::uint32_t>(wanted));
}

TEST(InferAnswer, ShowsNumbersThatAreNotFiniteAsNull) {
    const std::vector<float> scores = {NAN, 1e-7F, -INFINITY};
    TensorView tensor{DataType::Fp32, {1, 3}, std::as_bytes(std::span(scores)), {}};
    std::string out;
    const std::vector<AnswerTensor> tensors = {{"scores", tensor, false}};
    ASSERT_TRUE(append_infer_answer(out, {"m", "1", "q\"1"}, tensors));
    EXPECT_EQ(
        out,
        R"({"model_name":"m","model_version":"1","id":"q\"1","parameters":{"fw_nonfinite":true},"outputs":[{"name":"scores","shape":[1,3],"datatype":"FP32","data":[null,1e-07,null]}]})"
    );
    EXPECT_THAT(answer_with(tensor, true), HasSubstr(R"("parameters":{"binary_data_size":12}})"));
}

TEST(InferAnswer, AsksForBinaryDataWhenBytesAreNoText) {
    const std::vector<std::string_view> strings = {"\xFF"};
    const TensorView tensor{DataType::Bytes, {1}, {}, strings};
    EXPECT_EQ(answer_with(tensor, false), "Output is not UTF-8; ask for binary data: 'y'");
    EXPECT_THAT(answer_with(tensor, true), HasSubstr("\xFF"));
}

TEST(Classification, GivesTheHighestFirst) {
    const std::vector<std::int32_t> values = {1, 5, 10, 4};
    const TensorView one{DataType::Int32, {4}, std::as_bytes(std::span(values)), {}};
    const Tensor best = classify(one, 2, {}, false);
    EXPECT_THAT(best.strings, ElementsAre("10:2", "5:1"));
    EXPECT_EQ(best.shape, (Shape{2}));
    EXPECT_EQ(best.type, DataType::Bytes);

    const std::vector<float> scores = {0.5F, NAN, 0.5F, -1, 2, NAN};
    const TensorView two{DataType::Fp32, {2, 3}, std::as_bytes(std::span(scores)), {}};
    const Tensor all = classify(two, 100, {"a", "b"}, true);
    EXPECT_THAT(
        all.strings, ElementsAre("0.5:0:a", "0.5:2", "nan:1:b", "2:1:b", "-1:0:a", "nan:2")
    );
    EXPECT_EQ(all.shape, (Shape{2, 3}));

    const std::vector<std::uint16_t> halves = {0x3C00, 0xC000};  // 1, -2
    const TensorView half{DataType::Fp16, {2}, std::as_bytes(std::span(halves)), {}};
    EXPECT_THAT(classify(half, 1, {}, false).strings, ElementsAre("1:0"));
    const TensorView brain{DataType::Bf16, {2}, std::as_bytes(std::span(halves)), {}};
    EXPECT_THAT(classify(brain, 1, {}, false).strings, ElementsAre("0.0078125:0"));
}

}  // namespace
}  // namespace flywheel::gateway
