// SPDX-License-Identifier: Apache-2.0
#include "records/uncertainty.h"

#include <array>

#include <gtest/gtest.h>

namespace flywheel {
namespace {

TEST(Uncertainty, IsWhatItsFormulasSay) {
    const std::array<float, 3> scores = {0.25F, 0.5F, 0.25F};
    const Uncertainty sure = uncertainty_of(scores);
    EXPECT_FLOAT_EQ(sure.confidence, 0.5F);
    EXPECT_FLOAT_EQ(sure.margin, 0.25F);
    EXPECT_FLOAT_EQ(sure.entropy, 1.5F * std::log(2.0F));
}

TEST(Uncertainty, FindsTheSecondWhereverTheFirstStands) {
    for (const auto& scores :
         {std::array{0.6F, 0.3F, 0.1F},
          std::array{0.3F, 0.6F, 0.1F},
          std::array{0.1F, 0.3F, 0.6F},
          std::array{0.6F, 0.1F, 0.3F}}) {
        EXPECT_FLOAT_EQ(uncertainty_of(scores).confidence, 0.6F);
        EXPECT_FLOAT_EQ(uncertainty_of(scores).margin, 0.3F);
    }
}

TEST(Uncertainty, HasValuesAtTheEdges) {
    EXPECT_EQ(uncertainty_of({}).confidence, 0);
    EXPECT_EQ(uncertainty_of({}).margin, 0);
    const std::array<float, 1> alone = {1};
    EXPECT_EQ(uncertainty_of(alone).margin, 1);
    EXPECT_EQ(uncertainty_of(alone).entropy, 0);
    const std::array<float, 2> certain = {0, 1};
    EXPECT_EQ(uncertainty_of(certain).entropy, 0) << "0 ln 0 is 0";
    const std::array<float, 2> equal = {0.5F, 0.5F};
    EXPECT_EQ(uncertainty_of(equal).margin, 0);
}

}  // namespace
}  // namespace flywheel
