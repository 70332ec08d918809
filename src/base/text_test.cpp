// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace flywheel {
namespace {

constexpr std::size_t kValid = std::string_view::npos;

TEST(FirstInvalidUtf8, KnowsEveryClassOfBadSequence) {
    struct Row {
        std::string_view why;
        std::string_view bytes;
        std::size_t at;
    };

    // Unicode 15, table 3-7: every lead byte's first, last, and just-outside continuation.
    const Row rows[] = {
        {"empty", "", kValid},
        {"ASCII", "plain text\x7f", kValid},
        {"two bytes, lowest", "\xC2\x80", kValid},
        {"two bytes, highest", "\xDF\xBF", kValid},
        {"three bytes, lowest", "\xE0\xA0\x80", kValid},
        {"before surrogates", "\xED\x9F\xBF", kValid},
        {"after surrogates", "\xEE\x80\x80", kValid},
        {"three bytes, highest", "\xEF\xBF\xBF", kValid},
        {"four bytes, lowest", "\xF0\x90\x80\x80", kValid},
        {"U+10FFFF", "\xF4\x8F\xBF\xBF", kValid},
        {"Hangul", "한국어 뉴스", kValid},
        {"lone continuation", "ab\x80", 2},
        {"lone continuation, highest", "\xBF", 0},
        {"overlong slash in two", "a\xC0\xAF", 1},
        {"overlong, C1", "\xC1\xBF", 0},
        {"two bytes, no continuation", "\xC2 ", 0},
        {"two bytes, cut", "x\xDF", 1},
        {"two bytes, lead follows", "\xC3\xC3\xA9", 0},
        {"overlong slash in three", "\xE0\x80\xAF", 0},
        {"overlong, highest of three", "\xE0\x9F\xBF", 0},
        {"three bytes, cut after one", "abc\xE3", 3},
        {"three bytes, cut after two", "\xEA\xB0", 0},
        {"three bytes, third is no continuation", "\xEA\xB0 ", 0},
        {"three bytes, second is no continuation", "\xEA\x41\x80", 0},
        {"first high surrogate", "\xED\xA0\x80", 0},
        {"last low surrogate", "\xED\xBF\xBF", 0},
        {"surrogate pair (CESU-8)", "\xED\xA0\xBD\xED\xB8\x80", 0},
        {"overlong slash in four", "\xF0\x80\x80\xAF", 0},
        {"overlong, highest of four", "\xF0\x8F\xBF\xBF", 0},
        {"four bytes, cut after one", "\xF0", 0},
        {"four bytes, cut after two", "\xF0\x9F", 0},
        {"four bytes, cut after three", "ok\xF0\x9F\x98", 2},
        {"four bytes, fourth is no continuation", "\xF0\x9F\x98z", 0},
        {"U+110000", "\xF4\x90\x80\x80", 0},
        {"lead F5", "\xF5\x80\x80\x80", 0},
        {"five bytes", "\xF8\x88\x80\x80\x80", 0},
        {"six bytes", "\xFC\x84\x80\x80\x80\x80", 0},
        {"FE", "\xFE", 0},
        {"FF", "text\xFF", 4},
        {"good before bad", "한글\xED\xA0\x80", 6},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.why);
        EXPECT_EQ(first_invalid_utf8(row.bytes), row.at);
        EXPECT_EQ(check_utf8(row.bytes).has_value(), row.at == kValid);
    }
    EXPECT_EQ(check_utf8("ab\x80").error().message, "Text is not valid UTF-8 at byte 2");
}

TEST(FirstInvalidUtf8, AcceptsEveryScalarValueAndNoSurrogate) {
    std::size_t refused = 0;
    for (char32_t code_point = 0; code_point <= 0x10FFFF; ++code_point) {
        std::string bytes;
        append_utf8(bytes, code_point);
        const bool surrogate = code_point >= 0xD800 && code_point < 0xE000;
        refused += (first_invalid_utf8(bytes) == kValid) == surrogate ? 1 : 0;
        std::size_t at = 0;
        refused += !surrogate && (next_code_point(bytes, at) != code_point || at != bytes.size());
    }
    EXPECT_EQ(refused, 0U);
}

RC_GTEST_PROP(FirstInvalidUtf8, StopsBehindAPrefixThatIsValid, (const std::string& bytes)) {
    const auto at = first_invalid_utf8(bytes);
    RC_ASSERT(at == kValid || at < bytes.size());
    RC_ASSERT(first_invalid_utf8(bytes.substr(0, at)) == kValid);
}

TEST(CodePoints, CountsCharactersNotBytes) {
    EXPECT_EQ(code_points(""), 0U);
    EXPECT_EQ(code_points("abc"), 3U);
    EXPECT_EQ(code_points("한글é😀"), 4U);
}

TEST(Nfc, ComposesWhatCanBeComposed) {
    struct Row {
        std::string_view why;
        std::string_view text;
        std::string_view composed;
    };

    const Row rows[] = {
        {"ASCII stays", "plain", "plain"},
        {"composed Hangul stays", "한국", "한국"},
        {"decomposed Hangul, two letters", "\u1100\u1161", "가"},
        {"decomposed Hangul, three letters", "\u1112\u1161\u11AB\u1100\u116E\u11A8", "한국"},
        {"syllable and a trailing consonant", "가\u11A8", "각"},
        {"compatibility letters stay", "ㅎㅏㄴ", "ㅎㅏㄴ"},
        {"Latin accent", "e\u0301te\u0301", "été"},
        {"two marks in the wrong order", "a\u0302\u0323", "\u1EAD"},
        {"kana with a voice mark", "\u304B\u3099", "が"},
        {"Angstrom sign", "\u212B", "Å"},
        {"excluded from composition", "\u0958", "\u0915\u093C"},
        {"emoji stay", "👩‍💻", "👩‍💻"},
        {"empty", "", ""},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.why);
        EXPECT_EQ(nfc(row.text), row.composed);
        EXPECT_EQ(nfc(nfc(row.text)), row.composed);
        EXPECT_FALSE(is_quickly_nfc(row.text) && row.text != row.composed);
    }
}

TEST(Nfc, IsQuickForOrdinaryKoreanAndEnglish) {
    EXPECT_TRUE(is_quickly_nfc("삼성전자, 3분기 영업익 \u201C사상 최대\u201D… up 12%"));
    EXPECT_FALSE(is_quickly_nfc("\u1112\u1161\u11AB"));
}

TEST(Nfc, AgreesWithItsQuickCheckOnEveryCharacter) {
    std::size_t wrong = 0;
    for (char32_t code_point = 0; code_point <= 0x10FFFF; ++code_point) {
        if (code_point >= 0xD800 && code_point < 0xE000) {
            continue;
        }
        std::string alone;
        append_utf8(alone, code_point);
        if (is_quickly_nfc(alone)) {
            // A mark that composes with it must not be swallowed by the quick check.
            wrong += is_quickly_nfc(alone + "\u0301") || is_quickly_nfc(alone + "\u11A8") ? 1 : 0;
        }
    }
    EXPECT_EQ(wrong, 0U);
}

TEST(Nfc, KeepsZeroBytes) {
    const std::string text("a\0e\xCC\x81", 5);
    EXPECT_EQ(nfc(text), std::string("a\0é", 4));
}

TEST(DisplayWidth, CountsColumns) {
    struct Row {
        std::string_view text;
        std::size_t columns;
    };

    const Row rows[] = {
        {"", 0},
        {"abc", 3},
        {"한글", 4},
        {"漢字", 4},
        {"e\u0301", 1},
        {"é", 1},
        {"ｱ", 1},
        {"Ａ", 2},
        {"😀", 2},
        {"…", 1},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.text);
        EXPECT_EQ(display_width(row.text), row.columns);
    }
}

TEST(FitWidth, CutsBetweenCharactersAndPads) {
    EXPECT_EQ(fit_width("abc", 5), "abc  ");
    EXPECT_EQ(fit_width("abc", 3), "abc");
    EXPECT_EQ(fit_width("abcd", 3), "ab…");
    EXPECT_EQ(fit_width("한국어", 6), "한국어");
    EXPECT_EQ(fit_width("한국어", 5), "한국…");
    EXPECT_EQ(fit_width("한국어", 4), "한… ");
    EXPECT_EQ(fit_width("한국어", 1), "…");
    EXPECT_EQ(fit_width("한국어", 0), "");
    EXPECT_EQ(fit_width("", 2), "  ");
}

RC_GTEST_PROP(FitWidth, IsAlwaysExactlyAsWideAsAsked, ()) {
    const auto letters = *rc::gen::container<std::vector<char32_t>>(
        rc::gen::element<char32_t>(U'a', U' ', U'한', U'語', U'😀', U'é', U'\u0301')
    );
    std::string text;
    for (const auto letter : letters) {
        append_utf8(text, letter);
    }
    const auto columns = *rc::gen::inRange<std::size_t>(0, 20);
    const auto fitted = fit_width(text, columns);
    RC_ASSERT(display_width(fitted) == columns);
    RC_ASSERT(check_utf8(fitted).has_value());
}

TEST(Printable, LetsNoControlCharacterReachATerminal) {
    EXPECT_EQ(printable("plain 한글"), "plain 한글");
    EXPECT_EQ(printable("a\nb\tc\rd"), "a\\nb\\tc\\rd");
    EXPECT_EQ(printable("\x1b[31mred\x7f"), "\\x1b[31mred\\x7f");
    EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
    EXPECT_EQ(printable("\u009b31m\u0085\u00a0"), "\\u009b31m\\u0085\u00a0");
}

TEST(Trim, TakesSpaceFromBothEnds) {
    EXPECT_EQ(trim(" \t a b \r\n"), "a b");
    EXPECT_EQ(trim("\n "), "");
    EXPECT_EQ(trim(""), "");
}

}  // namespace
}  // namespace flywheel
