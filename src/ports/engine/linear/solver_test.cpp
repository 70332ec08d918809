// SPDX-License-Identifier: Apache-2.0
// The mathematics below the fit: the solver's optimum, its fold fits, the calibration, the
// exponential.

#include <algorithm>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "ports/engine/linear/calibration.h"
#include "ports/engine/linear/dual_ascent.h"
#include "ports/engine/linear/fitted_fixture.h"
#include "ports/engine/linear/lanes.h"

namespace flywheel::linear {
namespace {

using testing::Corpus;

const PassObserver kSilent = [](std::int64_t /*step*/, double /*loss*/) { return Result<void>(); };

TEST(Exponential, IsRightToTwoInTenMillion) {
    for (double x = -79; x < 79; x += 0.0371) {
        const auto got = static_cast<double>(exponential(all(static_cast<float>(x)))[1]);
        const double expected = std::exp(static_cast<double>(static_cast<float>(x)));
        EXPECT_NEAR(got / expected, 1.0, 4e-7) << x;
    }
    EXPECT_EQ(exponential(all(0.0F))[0], 1.0F);
    EXPECT_GT(exponential(all(-1e30F))[0], 0.0F);
    EXPECT_TRUE(std::isfinite(exponential(all(1e30F))[0]));
}

TEST(Examples, HaveUnitLengthAndSmoothedIdf) {
    TrainingSet set;
    set.classes = 2;
    set.train = {{.text = "aa", .label = 0}, {.text = "a", .label = 1}, {.text = "", .label = 1}};
    const Examples examples = make_examples(set, {.ngram_max = 1}, 0.1);
    ASSERT_EQ(examples.columns(), 1U);
    EXPECT_FLOAT_EQ(examples.vocabulary.idf[0], static_cast<float>(std::log(4.0 / 3.0) + 1));
    EXPECT_FLOAT_EQ(examples.vocabulary.idf_unseen, static_cast<float>(std::log(4.0) + 1));
    EXPECT_FLOAT_EQ(examples.row(0)[0].value, 1.0F);
    EXPECT_TRUE(examples.row(2).empty());
    EXPECT_FLOAT_EQ(examples.target_of(0)[0], 0.95F);
    EXPECT_FLOAT_EQ(examples.target_of(0)[1], 0.05F);
    EXPECT_FLOAT_EQ(count_weight(1), 1.0F);
    EXPECT_FLOAT_EQ(count_weight(1000), static_cast<float>(1 + std::log(1000.0)));
    EXPECT_NEAR(class_share(examples)[0], (0.95 + 0.05 + 0.05 + 1) / 5, 1e-6);
}

TEST(DualAscent, EndsWhereTheGradientVanishes) {
    const Corpus corpus(1, 3, 60);
    TrainingSet set = corpus.set(60);
    set.train[7].weight = 3.0F;
    const Examples examples = make_examples(set, {.hash_bits = 12}, 0.05);
    DualAscent solver(examples, {.strength = 2, .epochs = 400, .tolerance = 1e-6F, .seed = 1});
    ASSERT_TRUE(solver.run(kSilent));
    // At the optimum W = sum_i C w_i (t_i - softmax(W x_i)) x_i.
    const std::size_t lanes = examples.lanes;
    std::vector<double> expected(solver.weights().size(), 0.0);
    std::vector<float> row(lanes);
    for (std::size_t i = 0; i < examples.rows(); ++i) {
        solver.score(i, row.data());
        softmax(row.data(), examples.classes, lanes);
        for (const Cell& cell : examples.row(i)) {
            for (std::size_t k = 0; k < examples.classes; ++k) {
                const float pull = 2 * examples.weight[i] * (examples.target_of(i)[k] - row[k]);
                expected[cell.column * lanes + k] += static_cast<double>(pull * cell.value);
            }
        }
    }
    for (std::size_t j = 0; j < expected.size(); ++j) {
        ASSERT_NEAR(solver.weights()[j], expected[j], 2e-3);
    }
}

TEST(DualAscent, FoldFitsAreNearFitsFromNothing) {
    const Corpus corpus(2, 3, 240);
    const TrainingSet set = corpus.set(240);
    const Examples examples = make_examples(set, {.hash_bits = 14}, 0);
    DualAscent solver(examples, {.seed = 1});
    ASSERT_TRUE(solver.run(kSilent));
    std::vector<std::uint8_t> fold(240, 1);
    std::fill_n(fold.begin(), 60, std::uint8_t{0});
    const auto warm = solver.out_of_fold(fold, 2, kSilent);
    ASSERT_TRUE(warm);
    // The same rows scored by a model that never had them: cost next to nothing instead of being
    // left out.
    TrainingSet rest = set;
    for (std::size_t i = 0; i < 60; ++i) {
        rest.train[i].weight = 1e-6F;
    }
    const Examples without = make_examples(rest, {.hash_bits = 14}, 0);
    DualAscent cold(without, {.seed = 2});
    ASSERT_TRUE(cold.run(kSilent));
    std::vector<float> row(examples.lanes);
    double difference = 0;
    for (std::size_t i = 0; i < 60; ++i) {
        cold.score(i, row.data());
        for (std::size_t k = 0; k < examples.classes; ++k) {
            difference += static_cast<double>(std::abs(row[k] - (*warm)[i * examples.lanes + k]));
        }
    }
    EXPECT_LT(difference / 180, 0.2);
}

TEST(Calibration, FindsTheTemperatureThatScaledTheScores) {
    // Labels drawn from softmax(score / 2): the temperature is 2 and the offsets are 0.
    Rng rng(3);
    constexpr std::size_t kRows = 4000;
    std::vector<float> scores;
    std::vector<float> target;
    const std::vector<float> weight(kRows, 1.0F);
    std::vector<float> share(kLanes, 0.0F);
    for (std::size_t i = 0; i < kRows; ++i) {
        std::vector<float> row(kLanes, 0.0F);
        for (std::size_t k = 0; k < 3; ++k) {
            row[k] = static_cast<float>(3 * rng.normal());
        }
        scores.insert(scores.end(), row.begin(), row.end());
        for (float& value : row) {
            value /= 2;
        }
        softmax(row.data(), 3, kLanes);
        const auto drawn = static_cast<float>(rng.uniform());
        const std::size_t label = drawn < row[0] ? 0 : drawn < row[0] + row[1] ? 1 : 2;
        std::vector<float> one(kLanes, 0.0F);
        one[label] = 1;
        share[label] += 1.0F / kRows;
        target.insert(target.end(), one.begin(), one.end());
    }
    const HeldOut rows{scores, target, weight, 3, kLanes};
    const Calibration plain = calibrate_temperature(rows);
    EXPECT_NEAR(plain.temperature, 2.0F, 0.1F);
    const Calibration full = calibrate(rows, share);
    EXPECT_NEAR(full.temperature, 2.0F, 0.1F);
    EXPECT_NEAR(full.offset[0] - full.offset[1], 0.0F, 0.2F);
    EXPECT_LT(log_loss(rows, plain), log_loss(rows, {1.0F, std::vector<float>(kLanes, 0.0F)}));
    EXPECT_GT(accuracy(rows, plain), 0.5);
}

TEST(Calibration, BringsTheMeanProbabilityToTheShare) {
    Rng rng(4);
    constexpr std::size_t kRows = 1000;
    std::vector<float> scores(kRows * kLanes, 0.0F);
    std::vector<float> target(kRows * kLanes, 0.0F);
    const std::vector<float> weight(kRows, 1.0F);
    for (std::size_t i = 0; i < kRows; ++i) {
        scores[i * kLanes] =
            static_cast<float>(rng.normal() + 2);  // leans to class 0 without reason
        scores[i * kLanes + 1] = static_cast<float>(rng.normal());
        target[i * kLanes + (i % 4 == 0 ? 0 : 1)] = 1;
    }
    const std::vector<float> share{0.25F, 0.75F, 0, 0, 0, 0, 0, 0};
    const HeldOut rows{scores, target, weight, 2, kLanes};
    const Calibration made = calibrate(rows, share);
    double mean = 0;
    for (std::size_t i = 0; i < kRows; ++i) {
        apply(made, 2, std::span(scores).subspan(i * kLanes, kLanes));
        mean += static_cast<double>(scores[i * kLanes]) / kRows;
    }
    EXPECT_NEAR(mean, 0.25, 0.01);
}

TEST(Calibration, LeavesScoresAloneWithoutRows) {
    const Calibration made = calibrate({{}, {}, {}, 2, kLanes}, std::vector<float>(kLanes, 0.5F));
    EXPECT_EQ(made.temperature, 1.0F);
    EXPECT_EQ(made.offset, std::vector<float>(kLanes, 0.0F));
    EXPECT_TRUE(std::isnan(log_loss({{}, {}, {}, 2, kLanes}, made)));
}

}  // namespace
}  // namespace flywheel::linear
