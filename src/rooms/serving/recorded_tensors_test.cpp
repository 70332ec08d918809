// SPDX-License-Identifier: Apache-2.0
#include "rooms/serving/recorded_tensors.h"

#include <array>
#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace flywheel::serving {
namespace {

using ::testing::ElementsAre;

Tensor numbers(Shape shape, const std::vector<float>& values) {
    Tensor tensor{DataType::Fp32, shape};
    const auto bytes = std::as_bytes(std::span(values));
    std::ranges::copy(bytes, tensor.bytes.resize(bytes.size()).begin());
    return tensor;
}

/// Inputs x [-1,2]; outputs: classes, embedding, and something else.
Signature three_outputs(std::size_t classes) {
    Signature signature;
    signature.inputs = {{"x", DataType::Fp32, {-1, 2}}};
    TensorSpec scores{"probabilities", DataType::Fp32, {-1, -1}};
    for (std::size_t i = 0; i < classes; ++i) {
        scores.labels.push_back(std::to_string(i));
    }
    signature.outputs = {
        {"other", DataType::Fp32, {-1, 1}}, scores, {"embedding", DataType::Fp32, {-1, 2}}
    };
    return signature;
}

TEST(RecordedTensors, AreComputedInTheSamePassAlsoWhenTheCallerDoesNotWantThem) {
    const Signature signature = three_outputs(2);
    std::vector<std::size_t> wanted = {1};
    want_recorded(signature, false, wanted);
    EXPECT_THAT(wanted, ElementsAre(1, 2));
    want_recorded(signature, true, wanted);
    EXPECT_THAT(wanted, ElementsAre(1, 2, 0));
}

TEST(RecordedTensors, GiveEachRowItsPayloadAndEmbedding) {
    const Signature signature = three_outputs(2);
    const std::array<float, 4> values = {1, 2, 3, 4};
    const std::vector<TensorView> inputs = {
        {DataType::Fp32, {2, 2}, std::as_bytes(std::span(values)), {}}
    };
    const std::vector<std::size_t> wanted = {1, 2};
    const std::vector<Tensor> outputs = {
        numbers({2, 2}, {.25F, .75F, .75F, .25F}), numbers({2, 2}, {1, 0, .5F, 2})
    };
    RecordedTensors tensors(signature, inputs, 2);
    tensors.look_at(wanted, outputs, false);
    std::array<Prediction, 2> rows;
    for (std::size_t row = 0; row < 2; ++row) {
        tensors.put_payload(row, rows[row]);
        tensors.put_answer(row, rows[row]);
    }
    EXPECT_THAT(rows[1].embedding, ElementsAre(0x3800, 0x4000));
    EXPECT_EQ(rows[1].outputs, "");
    const auto kept = decode_tensor_payload(rows[1].media_type, rows[1].payload);
    ASSERT_TRUE(kept) << kept.error().message;
    EXPECT_EQ(kept->at(0).name, "x");
    EXPECT_TRUE(std::ranges::equal(kept->at(0).tensor.bytes.bytes(), inputs[0].bytes.subspan(8)));
}

TEST(RecordedTensors, KeepAllOutputsWhenTheSettingsSaySo) {
    const Signature signature = three_outputs(2);
    const std::array<float, 2> values = {1, 2};
    const std::vector<TensorView> inputs = {
        {DataType::Fp32, {1, 2}, std::as_bytes(std::span(values)), {}}
    };
    const std::vector<std::size_t> wanted = {0};
    const std::vector<Tensor> outputs = {numbers({1, 1}, {7})};
    RecordedTensors tensors(signature, inputs, 1);
    tensors.look_at(wanted, outputs, true);
    Prediction row;
    tensors.put_answer(0, row);
    const std::string header = R"({"outputs":[{"name":"other","datatype":"FP32","shape":[1,1],)"
                               R"("parameters":{"binary_data_size":4}}]})";
    ASSERT_EQ(row.outputs.size(), 4 + header.size() + 4);
    EXPECT_EQ(row.outputs.substr(4, header.size()), header);
}

TEST(RecordedTensors, OfManyClassesKeepTheGreatestScoresAndTheSumOfTheRest) {
    constexpr std::size_t kClasses = 100;
    const Signature signature = three_outputs(kClasses);
    const RecordedTensors tensors(signature, {}, 1);
    Prediction row;
    row.scores.assign(kClasses, .005F);
    row.scores[70] = .5F;
    row.scores[3] = .01F;
    tensors.put_answer(0, row);
    ASSERT_EQ(row.score_classes.size(), Prediction::kTopScores);
    ASSERT_EQ(row.scores.size(), Prediction::kTopScores + 1);
    EXPECT_FLOAT_EQ(row.scores[0], .5F);
    EXPECT_NEAR(row.scores.back(), 68 * .005F, 1e-4F);
    row.score_classes.resize(4);
    EXPECT_THAT(row.score_classes, ElementsAre(70, 3, 0, 1));
}

}  // namespace
}  // namespace flywheel::serving
