// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <memory>
#include <set>

#include <gtest/gtest.h>

namespace flywheel {
namespace {

Result<int> half(int number) {
    if (number % 2 != 0) {
        return invalid_argument("Only even numbers have a half here: " + std::to_string(number));
    }
    return number / 2;
}

Result<int> quarter(int number) {
    return TRY(half(TRY(half(number))));
}

Result<void> accept_even(int number) {
    TRY(half(number));
    return {};
}

TEST(Result, HoldsAValueOrAnError) {
    const auto good = half(8);
    ASSERT_TRUE(good);
    EXPECT_EQ(*good, 4);
    const auto bad = half(7);
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().code, Code::InvalidArgument);
    EXPECT_EQ(bad.error().message, "Only even numbers have a half here: 7");
}

TEST(Result, ErrorKnowsWhereItWasMade) {
    const auto bad = half(7);
    EXPECT_NE(std::string_view(bad.error().file).find("result_test.cpp"), std::string_view::npos);
    EXPECT_GT(bad.error().line, 0U);
}

TEST(Result, TryReturnsTheFirstErrorAndNestsInOneExpression) {
    EXPECT_EQ(*quarter(12), 3);
    EXPECT_EQ(quarter(6).error().message, "Only even numbers have a half here: 3");
    EXPECT_TRUE(accept_even(2));
    EXPECT_FALSE(accept_even(3));
}

TEST(Result, TryMovesValuesThatCannotBeCopied) {
    const auto make = []() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(5); };
    const auto use = [&]() -> Result<int> {
        const auto owned = TRY(make());
        return *owned;
    };
    EXPECT_EQ(*use(), 5);
}

TEST(Result, WithinPutsContextInFrontOfErrorsOnly) {
    EXPECT_EQ(
        half(7).within("row 3").within("news.csv").error().message,
        "news.csv: row 3: Only even numbers have a half here: 7"
    );
    EXPECT_EQ(*half(8).within("row 3"), 4);
    EXPECT_TRUE(accept_even(2).within("row 3"));
    EXPECT_EQ(accept_even(1).within("row 3").error().message.substr(0, 7), "row 3: ");
}

TEST(Result, ValueOrGivesTheOtherOnlyForErrors) {
    EXPECT_EQ(half(8).value_or(-1), 4);
    EXPECT_EQ(half(7).value_or(-1), -1);
}

TEST(ResultDeathTest, TakingTheValueOfAnErrorIsABug) {
    EXPECT_DEATH((void)half(7).value(), "CHECK failed.*Only even numbers have a half here: 7");
    EXPECT_DEATH(accept_even(7).value(), "CHECK failed");
}

TEST(ResultDeathTest, CheckNamesTheConditionAndThePlace) {
    const int answer = 41;
    EXPECT_DEATH(CHECK(answer == 42), "result_test.cpp:[0-9]+: CHECK failed: answer == 42");
}

TEST(Code, MapsOnceToAnHttpStatusAnExitCodeAndAName) {
    struct Row {
        Code code;
        int http;
        int exit;
        std::string_view name;
    };

    const Row rows[] = {
        {Code::InvalidArgument, 400, 2, "InvalidArgument"},
        {Code::NotFound, 404, 3, "NotFound"},
        {Code::Conflict, 409, 4, "Conflict"},
        {Code::Exhausted, 429, 5, "Exhausted"},
        {Code::Cancelled, 499, 6, "Cancelled"},
        {Code::Internal, 500, 7, "Internal"},
        {Code::Corrupt, 500, 8, "Corrupt"},
        {Code::Unsupported, 501, 9, "Unsupported"},
        {Code::Unavailable, 503, 10, "Unavailable"},
    };
    std::set<int> exits;
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        EXPECT_EQ(http_status(row.code), row.http);
        EXPECT_EQ(exit_code(row.code), row.exit);
        EXPECT_EQ(name_of(row.code), row.name);
        exits.insert(exit_code(row.code));
    }
    EXPECT_EQ(exits.size(), 9U) << "a script tells the nine apart";
}

}  // namespace
}  // namespace flywheel
