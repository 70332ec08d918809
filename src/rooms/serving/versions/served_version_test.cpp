// SPDX-License-Identifier: Apache-2.0
#include "rooms/serving/versions/served_version.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serving_world.h"

namespace flywheel::serving {

namespace {

using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::IsEmpty;

const std::vector<std::string> kLabels = {"a", "b", "c"};

TEST(LabelScores, BelongToTheOneOutputOfThatManyFloatsARow) {
    struct Row {
        const char* what;
        std::vector<TensorSpec> outputs;
        bool batches;
        std::optional<std::size_t> found;
    };

    const TensorSpec scores{"y", DataType::Fp32, {-1, 3}};
    const Row table[] = {
        {"the one", {{"z", DataType::Int64, {-1, 3}}, scores}, true, 1},
        {"two of them", {scores, scores}, true, {}},
        {"other classes", {{"y", DataType::Fp32, {-1, 4}}}, true, {}},
        {"other rank", {{"y", DataType::Fp32, {-1, 3, 1}}}, true, {}},
        {"no batch", {{"y", DataType::Fp32, {3}}}, false, 0},
        {"no batch, but rows", {scores}, false, {}},
    };
    for (const Row& row : table) {
        SCOPED_TRACE(row.what);
        Signature signature{{}, row.outputs, row.batches};
        EXPECT_EQ(label_scores(signature, kLabels), row.found);
        if (row.found) {
            EXPECT_EQ(signature.outputs[*row.found].labels, kLabels);
        }
    }
    Signature unlabelled{{}, {scores}, true};
    EXPECT_EQ(label_scores(unlabelled, {}), std::nullopt);
}

TEST(Probabilities, AreTakenAsTheyAreOrAsSoftmaxOrNotAtAll) {
    const auto of = [](std::vector<float> scores) { return probabilities_of(scores); };
    EXPECT_THAT(of({.2F, .3F, .5F}), ElementsAre(.2F, .3F, .5F));
    const float third = 1.0F / 3;
    EXPECT_THAT(of({7, 7, 7}), ElementsAre(FloatNear(third, 1e-6F), third, third));
    EXPECT_THAT(of({0, 1000, -1000}), ElementsAre(0, 1, 0));
    EXPECT_THAT(of({.9F, .8F, .1F}), IsEmpty());  // each for itself: no distribution over classes
    EXPECT_THAT(of({NAN, 0, 1}), IsEmpty());
    EXPECT_THAT(of({INFINITY, 0, 1}), IsEmpty());
}

TEST(ImportedModel, WithLabelsIsRecordedWithLabelAndScores) {
    testing::ServingWorld world;
    ModelVersion version;
    version.id = Id<ModelVersion>::random(world.clock.now(), world.rng);
    version.model = "m";
    version.number = 1;
    version.engine = "hand";
    version.artefact = *world.vault.put("echo FP32 3");
    version.labels = kLabels;
    ASSERT_TRUE(Writer<ModelVersion>(world.ledger).insert(version));
    world.roll_out("m", 1);
    ASSERT_TRUE(world.serving.refresh("m"));
    const std::vector<float> x = {.1F, .7F, .2F, 2, 0, 9, .9F, .9F, .9F};
    const TensorView view{DataType::Fp32, {3, 3}, std::as_bytes(std::span(x)), {}};
    constexpr std::size_t kFirst[] = {0};
    InferRequest request;
    request.model = "m";
    request.inputs = std::span(&view, 1);
    request.wanted = kFirst;
    request.rows = 3;
    ASSERT_TRUE(world.serving.infer(request));
    const auto rows = world.capture.rows();
    ASSERT_EQ(rows.size(), 3U);
    EXPECT_EQ(rows[0].label, 1);
    EXPECT_THAT(rows[0].scores, ElementsAre(.1F, .7F, .2F));
    EXPECT_NEAR(rows[0].margin, .5F, 1e-6F);
    EXPECT_EQ(rows[1].label, 2);
    EXPECT_GT(rows[1].scores.at(2), .99F);
    EXPECT_EQ(rows[2].label, 0);
    EXPECT_THAT(rows[2].scores, IsEmpty());
}

}  // namespace

}  // namespace flywheel::serving
