// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/json_value.h"

namespace flywheel {
namespace {

std::string nested(std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
}

TEST(ParseJson, ReadsEveryKindOfValue) {
    const auto value =
        parse_json(R"( {"a":[1,-2,3.5,true,false,null],"b":{"c":"한글 \u00e9 \ud83d\ude00"}} )");
    ASSERT_TRUE(value);
    EXPECT_EQ(canonical(*value), R"({"a":[1,-2,3.5,true,false,null],"b":{"c":"한글 é 😀"}})");
    EXPECT_EQ(canonical(*parse_json("7")), "7");
    EXPECT_EQ(canonical(*parse_json("\"\"")), "\"\"");
}

TEST(ParseJson, NamesLineAndColumnOfWhatItRefuses) {
    struct Row {
        std::string text;
        std::string message;
    };

    const Row rows[] = {
        {"", "line 1, column 1: the text ends too early"},
        {"  \n ", "line 2, column 2: the text ends too early"},
        {"{", "line 1, column 2: the text ends too early"},
        {"{\"a\": 1,\n \"b\": ", "line 2, column 7: the text ends too early"},
        {"\"abc", "line 1, column 5: "},
        {"}", "line 1, column 1: syntax error"},
        {"[1, 2,]", "line 1, column 7: syntax error"},
        {"{\"a\": 1,}", "line 1, column 9: syntax error"},
        {"[1 2]", "line 1, column 4: syntax error"},
        {"{a: 1}", "line 1, column 2: syntax error"},
        {"{'a': 1}", "line 1, column 2: syntax error"},
        {"[1,\n2,\n  x]", "line 3, column 3: syntax error"},
        {"{} {}", "line 1, column 4: syntax error"},
        {"[NaN]", "line 1, column 2: syntax error"},
        {"[Infinity]", "line 1, column 2: syntax error"},
        {"[01]", "line 1, column 3: syntax error"},
        {"[1.]", "line 1, column 4: syntax error"},
        {"[+1]", "line 1, column 2: syntax error"},
        {"[0x1]", "line 1, column 3: syntax error"},
        {"// note\n1", "line 1, column 1: syntax error"},
        {"[1e999]", "number overflow"},
        {"\"\\x41\"", "line 1, column 3: syntax error"},
        {"\"\\ud800\"", "syntax error"},
        {"\"tab\there\"", "line 1, column 5: syntax error"},
        {"\"\xff\"", "line 1, column 2: syntax error"},
        {"\"\xc0\xaf\"", "line 1, column 2: syntax error"},
        {"\"\xed\xa0\x80\"", "line 1, column 3: syntax error"},
        {"{\"a\":1,\"a\":2}", "line 1, column 10: the key 'a' is repeated"},
        {"{\"o\":\n  {\"k\":1, \"j\":2,\n   \"k\":3}}", "line 3, column 6: the key 'k' is repeated"
        },
        {std::string("1\n \0 2", 6), "line 2, column 2: a byte of zero"},
        {std::string("[]\0", 3), "line 1, column 3: a byte of zero"},
        {nested(101), "line 1, column 101: nesting is deeper than 100"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.text);
        const auto value = parse_json(row.text);
        ASSERT_FALSE(value);
        EXPECT_EQ(value.error().code, Code::InvalidArgument);
        EXPECT_EQ(value.error().message.find("Not valid JSON at line "), 0U);
        EXPECT_NE(value.error().message.find(row.message), std::string::npos)
            << value.error().message;
    }
}

TEST(ParseJson, AllowsTheSameKeyInDifferentObjectsAndDepthOneHundred) {
    EXPECT_TRUE(parse_json(R"([{"a":1},{"a":2},{"b":{"a":1},"a":2}])"));
    EXPECT_TRUE(parse_json(nested(100)));
}

TEST(ParseJson, SurvivesAMillionOpenBrackets) {
    EXPECT_FALSE(parse_json(std::string(1'000'000, '[')));
}

TEST(ParseJson, RefusesEveryPrefixOfADocument) {
    const std::string document = R"({"a":[1,{"b":"x\n\u00e9"},null,-1.5e3],"c":true})";
    ASSERT_TRUE(parse_json(document));
    for (std::size_t size = 0; size < document.size(); ++size) {
        SCOPED_TRACE(document.substr(0, size));
        EXPECT_FALSE(parse_json(document.substr(0, size)));
    }
}

RC_GTEST_PROP(ParseJson, AnswersEveryTextWithAValueOrAPlace, (const std::string& text)) {
    const auto value = parse_json(text);
    if (value) {
        RC_ASSERT(*parse_json(canonical(*value)) == *value);
    } else {
        RC_ASSERT(value.error().message.find(", column ") != std::string::npos);
    }
}

TEST(Canonical, SortsKeysAndLeavesNoRoomForChoice) {
    EXPECT_EQ(
        canonical(*parse_json(R"({ "b" : 1.0, "a" : [ ] , "\u0061b": "/" })")),
        R"({"a":[],"ab":"/","b":1.0})"
    );
    EXPECT_EQ(canonical(Json(std::numeric_limits<double>::quiet_NaN())), "null");
    EXPECT_EQ(canonical(Json(std::numeric_limits<double>::infinity())), "null");
    EXPECT_EQ(canonical(Json("a\xff z")), "\"a\xEF\xBF\xBD z\"");
    EXPECT_EQ(pretty(*parse_json(R"({"a":[1]})")), "{\n  \"a\": [\n    1\n  ]\n}");
}

RC_GTEST_PROP(Canonical, KeepsEveryFiniteNumberExactly, (double number)) {
    RC_PRE(std::isfinite(number));
    const auto read = parse_json(canonical(Json(number)));
    RC_ASSERT(read.has_value());
    RC_ASSERT(read->get<double>() == number);
}

RC_GTEST_PROP(Canonical, KeepsEveryInteger, (std::int64_t number)) {
    RC_ASSERT(parse_json(canonical(Json(number)))->get<std::int64_t>() == number);
}

class JsonField : public ::testing::Test {
  protected:
    const Json object_ = *parse_json(
        R"({"s":"x","i":-3,"d":1.5,"b":true,"n":null,"u":18446744073709551615,"m":9223372036854775807})"
    );
};

TEST_F(JsonField, GivesTheValueOfTheWantedKind) {
    EXPECT_EQ(*string_field(object_, "s"), "x");
    EXPECT_EQ(*integer_field(object_, "i"), -3);
    EXPECT_EQ(*integer_field(object_, "m"), std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(*number_field(object_, "d"), 1.5);
    EXPECT_EQ(*number_field(object_, "i"), -3.0);
    EXPECT_EQ(*bool_field(object_, "b"), true);
}

TEST_F(JsonField, NamesTheFieldWhoseKindIsWrong) {
    EXPECT_EQ(
        string_field(object_, "i").error().message, "field 'i': expected a string, got number"
    );
    EXPECT_EQ(
        integer_field(object_, "d").error().message, "field 'd': expected an integer, got number"
    );
    EXPECT_EQ(
        integer_field(object_, "b").error().message, "field 'b': expected an integer, got boolean"
    );
    EXPECT_EQ(
        number_field(object_, "s").error().message, "field 's': expected a number, got string"
    );
    EXPECT_EQ(
        bool_field(object_, "i").error().message, "field 'i': expected true or false, got number"
    );
    EXPECT_EQ(
        string_field(object_, "gone").error().message,
        "field 'gone': expected a string, got nothing"
    );
    EXPECT_EQ(string_field(Json(3), "s").error().message, "expected an object, got number");
}

TEST_F(JsonField, RefusesIntegersThatDoNotFitInsteadOfWrapping) {
    EXPECT_FALSE(integer_field(object_, "u"));
    EXPECT_FALSE(optional_integer(object_, "u"));
}

TEST_F(JsonField, OptionalIsNothingWhenAbsentOrNullAndAnErrorWhenWrong) {
    EXPECT_EQ(*optional_string(object_, "gone"), std::nullopt);
    EXPECT_EQ(*optional_integer(object_, "n"), std::nullopt);
    EXPECT_EQ(*optional_number(object_, "d"), 1.5);
    EXPECT_FALSE(optional_bool(object_, "s"));
    EXPECT_FALSE(string_field(object_, "n")) << "required: null is not enough";
}

}  // namespace
}  // namespace flywheel
