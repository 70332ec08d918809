// SPDX-License-Identifier: Apache-2.0
// The kernels of this rung against their scalar twin, and against values worked out by hand.

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/rng.h"
#include "vectors/dot.h"
#include "vectors/gather.h"
#include "vectors/half.h"
#include "vectors/neighbours.h"

namespace flywheel::vectors {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::uint32_t bits_of(float value) {
    return std::bit_cast<std::uint32_t>(value);
}

std::vector<float> random_vector(Rng& rng, std::size_t size) {
    std::vector<float> values(size);
    for (float& value : values) {
        // Many magnitudes, so that a different order of the sum would show.
        value = static_cast<float>(rng.normal() * std::exp(4 * rng.normal()));
    }
    return values;
}

TEST(Dot, SumsProducts) {
    EXPECT_EQ(dot({}, {}), 0.0F);
    const std::vector<float> a{1, 2, 3};
    const std::vector<float> b{4, -5, 6};
    EXPECT_EQ(dot(a, b), 12.0F);
    EXPECT_FLOAT_EQ(norm(a), std::sqrt(14.0F));
    EXPECT_FLOAT_EQ(cosine(a, b), 12.0F / std::sqrt(14.0F * 77.0F));
}

TEST(Dot, FollowsItsReductionTree) {
    // 1e8 swallows 1; in lane 0 the large terms cancel before lane 1 joins, so nothing is lost.
    std::vector<float> a(33, 0.0F);
    a[0] = 1e8F;
    a[1] = 1.0F;
    a[32] = -1e8F;
    const std::vector<float> ones(33, 1.0F);
    for (const Kernel kernel : kKernels) {
        if (is_supported(kernel)) {
            EXPECT_EQ(dot_by(kernel, a, ones), 1.0F) << name_of(kernel);
        }
    }
}

TEST(Dot, GivesTheSameBitsFromEveryKernel) {
    Rng rng(1);
    for (std::size_t size = 0; size < 200; ++size) {
        const auto a = random_vector(rng, size);
        const auto b = random_vector(rng, size);
        const auto expected = bits_of(dot_by(Kernel::Scalar, a, b));
        for (const Kernel kernel : kKernels) {
            if (is_supported(kernel)) {
                EXPECT_EQ(bits_of(dot_by(kernel, a, b)), expected)
                    << name_of(kernel) << " " << size;
            }
        }
    }
}

TEST(Dot, IsZeroCosineForAVectorWithoutLength) {
    const std::vector<float> zero(4, 0.0F);
    const std::vector<float> one(4, 1.0F);
    EXPECT_EQ(cosine(zero, one), 0.0F);
    EXPECT_EQ(cosine(one, one), 1.0F);
}

TEST(Normalise, MakesUnitLengthAndLeavesZeroAlone) {
    std::vector<float> a{3, 4};
    EXPECT_FLOAT_EQ(normalise(a), 5.0F);
    EXPECT_FLOAT_EQ(a[0], 0.6F);
    EXPECT_FLOAT_EQ(a[1], 0.8F);
    std::vector<float> zero{0, 0};
    EXPECT_EQ(normalise(zero), 0.0F);
    EXPECT_EQ(zero, (std::vector<float>{0, 0}));
}

TEST(Half, ConvertsKnownValues) {
    struct Row {
        float value;
        std::uint16_t half;
    };

    const Row rows[] = {
        {0.0F, 0x0000},
        {-0.0F, 0x8000},
        {1.0F, 0x3C00},
        {-2.0F, 0xC000},
        {65504.0F, 0x7BFF},
        {65519.996F, 0x7BFF},
        {65520.0F, 0x7C00},
        {kInfinity, 0x7C00},
        {-kInfinity, 0xFC00},
        {0x1.0p-14F, 0x0400},
        {0x1.0p-24F, 0x0001},
        {0x1.0p-25F, 0x0000},         // a tie: to even
        {0x1.000002p-25F, 0x0001},    // just above it
        {0x1.8p-24F, 0x0002},         // a tie between 1 and 2: to even
        {0x1.ff8p-15F, 0x03FF},       // largest subnormal
        {1.0F + 0x1.0p-11F, 0x3C00},  // a tie: to even, down
        {1.0F + 0x1.8p-10F, 0x3C02},  // a tie: to even, up
        {0.1F, 0x2E66},
        {0.33325195F, 0x3555},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(to_half(row.value), row.half) << row.value;
    }
}

TEST(Half, KeepsNotANumber) {
    const auto half = to_half(std::numeric_limits<float>::quiet_NaN());
    EXPECT_EQ(half & 0x7C00U, 0x7C00U);
    EXPECT_NE(half & 0x3FFU, 0U);
    EXPECT_TRUE(std::isnan(from_half(half)));
    // A payload that lives only in the bits that are dropped must not become infinity.
    EXPECT_TRUE(std::isnan(from_half(to_half(std::bit_cast<float>(0x7F800001U)))));
}

TEST(Half, ReturnsEveryHalfUnchanged) {
    for (std::uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
        const auto half = static_cast<std::uint16_t>(bits);
        const float value = from_half(half);
        if (std::isnan(value)) {
            EXPECT_TRUE(std::isnan(from_half(to_half(value))));
        } else {
            ASSERT_EQ(to_half(value), half);
        }
    }
}

TEST(Half, ConvertsManyAsItConvertsOne) {
    // Every sign, exponent and upper fraction, with what decides the rounding below it.
    for (const std::uint32_t low : {0U, 1U, 0xFFFU, 0x1000U, 0x1001U, 0x2FFFU, 0x3000U, 0x7FFFU}) {
        std::vector<float> values;
        for (std::uint32_t high = 0; high < 0x10000U; ++high) {
            values.push_back(std::bit_cast<float>(high << 16U | low));
        }
        values.pop_back();  // a rest that is no multiple of the step
        std::vector<std::uint16_t> halves(values.size());
        to_half(values, halves);
        for (std::size_t i = 0; i < values.size(); ++i) {
            ASSERT_EQ(halves[i], to_half(values[i])) << std::bit_cast<std::uint32_t>(values[i]);
        }
    }
}

RC_GTEST_PROP(Half, PicksTheNearestHalf, (std::uint32_t raw)) {
    const float value = std::bit_cast<float>(raw);
    RC_PRE(std::abs(value) < 65504.0F);
    const std::uint16_t half = to_half(value);
    const double error = std::abs(static_cast<double>(from_half(half)) - value);
    for (const int step : {-1, 1}) {
        const auto next = static_cast<std::uint16_t>(half + step);
        const float neighbour = from_half(next);
        if (std::isfinite(neighbour) && (half & 0x7FFFU) != 0) {
            const double other = std::abs(static_cast<double>(neighbour) - value);
            RC_ASSERT(error <= other);
            RC_ASSERT(error != other || half % 2 == 0);
        }
    }
}

TEST(Neighbours, AreSortedByCosineThenByRow) {
    const std::vector<float> rows{
        1,
        0,  // 0: cosine 1
        0,
        1,  // 1: cosine 0
        2,
        2,  // 2: cosine .707
        5,
        0,  // 3: cosine 1, later row
        -1,
        0,  // 4: cosine -1
        0,
        0,  // 5: no length
    };
    const std::vector<float> query{3, 0};
    const auto found = top_k_cosine({rows.data(), 6, 2}, query, 10);
    std::vector<std::uint32_t> order;
    for (const auto& neighbour : found) {
        order.push_back(neighbour.row);
    }
    EXPECT_EQ(order, (std::vector<std::uint32_t>{0, 3, 2, 1, 5, 4}));
    EXPECT_EQ(top_k_cosine({rows.data(), 6, 2}, query, 0).size(), 0U);
    EXPECT_EQ(top_k_cosine({rows.data(), 0, 2}, query, 3).size(), 0U);
}

TEST(Neighbours, PutRowsThatAreNotNumbersLast) {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const std::vector<float> rows{nan, 0, -1, 0, 1, 0};
    const std::vector<float> query{1, 0};
    const auto found = top_k_cosine({rows.data(), 3, 2}, query, 3);
    EXPECT_EQ(found[0].row, 2U);
    EXPECT_EQ(found[1].row, 1U);
    EXPECT_EQ(found[2].row, 0U);
}

TEST(Neighbours, EqualASortOfAllRows) {
    Rng rng(3);
    constexpr std::size_t kRows = 300;
    constexpr std::size_t kColumns = 37;
    std::vector<float> rows;
    for (std::size_t i = 0; i < kRows; ++i) {
        auto row = random_vector(rng, kColumns);
        normalise(row);
        rows.insert(rows.end(), row.begin(), row.end());
    }
    const MatrixView matrix{rows.data(), kRows, kColumns};
    const auto query = matrix.row(17);
    const auto all = top_k_cosine(matrix, query, kRows, Lengths::Unit);
    const auto few = top_k_cosine(matrix, query, 5, Lengths::Unit);
    EXPECT_EQ(few[0].row, 17U);
    EXPECT_TRUE(std::equal(few.begin(), few.end(), all.begin()));
    EXPECT_TRUE(std::is_sorted(all.begin(), all.end(), [](const auto& a, const auto& b) {
        return a.cosine > b.cosine;
    }));
}

TEST(Gather, AddsScaledRows) {
    const std::vector<std::int8_t> table{1, 2, 3, 4, 5, 6, 7, -128, 1, 1, 1, 1, 1, 1, 1, 127};
    std::vector<float> out(8, 0.5F);
    const std::vector<ScaledRow> rows{{1, 2.0F}, {0, -1.0F}};
    add_scaled_rows(RowTable<std::int8_t>{table.data(), 8, 8}, rows, out);
    EXPECT_EQ(out, (std::vector<float>{1.5F, 0.5F, -0.5F, -1.5F, -2.5F, -3.5F, -4.5F, 382.5F}));
}

TEST(Gather, GivesTheSameBitsFromEveryKernel) {
    Rng rng(5);
    for (const std::size_t width : {8U, 16U, 24U, 32U, 40U, 64U, 128U, 136U}) {
        constexpr std::size_t kRows = 50;
        const auto floats = random_vector(rng, kRows * width);
        std::vector<std::int8_t> bytes(kRows * width);
        for (auto& byte : bytes) {
            byte = static_cast<std::int8_t>(static_cast<int>(rng.below(256)) - 128);
        }
        std::vector<ScaledRow> rows;
        for (int i = 0; i < 90; ++i) {
            rows.push_back({static_cast<std::uint32_t>(rng.below(kRows)), random_vector(rng, 1)[0]}
            );
        }
        const RowTable<float> wide{floats.data(), width * sizeof(float), width};
        const RowTable<std::int8_t> narrow{bytes.data(), width, width};
        std::vector<float> expected(width, 0.25F);
        std::vector<float> expected8(width, 0.25F);
        add_scaled_rows_by(Kernel::Scalar, wide, rows, expected);
        add_scaled_rows_by(Kernel::Scalar, narrow, rows, expected8);
        std::vector<float> got(width, 0.25F);
        std::vector<float> got8(width, 0.25F);
        add_scaled_rows(wide, rows, got);
        add_scaled_rows(narrow, rows, got8);
        EXPECT_EQ(got, expected) << width;
        EXPECT_EQ(got8, expected8) << width;
    }
}

}  // namespace
}  // namespace flywheel::vectors
