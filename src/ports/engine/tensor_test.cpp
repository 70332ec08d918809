// SPDX-License-Identifier: Apache-2.0
#include "ports/engine/tensor.h"

#include <cmath>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace flywheel {
namespace {

TEST(DataType, IsFoundByItsNameAndByNoOther) {
    for (std::size_t i = 0; i < kDataTypes; ++i) {
        const auto type = static_cast<DataType>(i);
        EXPECT_EQ(data_type_named(name_of(type)), type);
        EXPECT_EQ(config_name_of(type).substr(0, 5), "TYPE_");
    }
    EXPECT_EQ(name_of(DataType::Bytes), "BYTES");
    EXPECT_EQ(config_name_of(DataType::Bytes), "TYPE_STRING");
    EXPECT_EQ(item_size(DataType::Bf16), 2U);
    EXPECT_EQ(item_size(DataType::Bytes), 0U);
    EXPECT_FALSE(data_type_named("fp32"));
    EXPECT_FALSE(data_type_named(""));
}

TEST(Shape, CountsItsElementsWithoutOverflow) {
    EXPECT_EQ(element_count({}).value(), 1U);
    EXPECT_EQ(element_count({2, 3}).value(), 6U);
    EXPECT_EQ(element_count({2, 0, 3}).value(), 0U);
    EXPECT_EQ(byte_count(DataType::Fp64, {2, 3}).value(), 48U);
    EXPECT_FALSE(element_count({2, -1}));
    EXPECT_FALSE(element_count({INT64_MAX, 2}));
    EXPECT_FALSE(element_count({INT64_MAX, INT64_MAX, 0}));
    EXPECT_FALSE(element_count({1LL << 32, 1LL << 32}));
    EXPECT_TRUE(byte_count(DataType::Int8, {1LL << 62}));
    EXPECT_FALSE(byte_count(DataType::Int16, {1LL << 62}));
    EXPECT_EQ((Shape{2, -1}.text()), "[2,-1]");
}

TEST(Shape, HoldsEightDimensionsAndNoMore) {
    Shape shape;
    for (std::size_t i = 0; i < kMaxDimensions; ++i) {
        EXPECT_TRUE(shape.push_back(1));
    }
    EXPECT_FALSE(shape.push_back(1));
}

TEST(Shape, FitsWhereMinusOneFitsAny) {
    EXPECT_TRUE(fits({2, 3}, {-1, 3}));
    EXPECT_FALSE(fits({2, 4}, {-1, 3}));
    EXPECT_FALSE(fits({2}, {-1, 3}));
    EXPECT_TRUE(fits({}, {}));
}

RC_GTEST_PROP(Tensor, ProductsAgreeWithWideArithmetic, (std::uint64_t a, std::uint64_t b)) {
    const unsigned __int128 wide = static_cast<unsigned __int128>(a) * b;
    const auto product = checked_product(a, b);
    RC_ASSERT(product.has_value() == (wide <= INT64_MAX));
    if (product) {  // RC_ASSERT evaluates both sides of ||
        RC_ASSERT(*product == static_cast<std::uint64_t>(wide));
    }
}

TEST(AlignedBytes, StartOnALine) {
    AlignedBytes bytes;
    for (const std::size_t size : {1U, 65U, 1000U, 3U}) {
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(bytes.resize(size).data()) % 64, 0U);
        EXPECT_EQ(bytes.bytes().size(), size);
    }
}

TEST(Bf16, IsTheUpperHalfOfAFloat) {
    EXPECT_EQ(from_bf16(0x3F80), 1.0F);
    EXPECT_EQ(from_bf16(0xC000), -2.0F);
    EXPECT_TRUE(std::isinf(from_bf16(0x7F80)));
    EXPECT_TRUE(std::isnan(from_bf16(0x7FC0)));
}

}  // namespace
}  // namespace flywheel
