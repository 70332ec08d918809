// SPDX-License-Identifier: Apache-2.0
#include "app/screen.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/text.h"

namespace flywheel::app {
namespace {

Table sample() {
    Table table;
    table.add_column("model");
    table.add_column("rows", Align::Right);
    table.add_column("verdict");
    table.add_row({"뉴스 분류기", "1,780", "promoted"});
    table.add_row({"news", "12", Cell("kept", Colour::Green)});
    return table;
}

TEST(Table, AlignsColumnsUnderWideCharacters) {
    EXPECT_EQ(
        sample().to_text(80),
        "model         rows  verdict\n"
        "뉴스 분류기  1,780  promoted\n"
        "news            12  kept\n"
    );
}

TEST(Table, CutsTheWidestTextAndNeverANumber) {
    const std::string text = sample().to_text(24);
    EXPECT_NE(text.find("1,780"), std::string::npos);
    EXPECT_NE(text.find("…"), std::string::npos);
    std::size_t begin = 0;
    while (begin < text.size()) {
        const std::size_t end = text.find('\n', begin);
        EXPECT_LE(display_width(text.substr(begin, end - begin)), 24U);
        begin = end + 1;
    }
}

TEST(Table, ShowsControlCharactersInsteadOfObeyingThem) {
    Table table;
    table.add_column("text");
    table.add_row({"a\x1b[31m\nb"});
    const std::string text = table.to_text(80);
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
}

TEST(Table, PaintsOnlyWhenAsked) {
    EXPECT_EQ(sample().to_text(80).find('\x1b'), std::string::npos);
    EXPECT_NE(sample().to_text(80, Painter(true)).find("\x1b[32mkept\x1b[0m"), std::string::npos);
}

TEST(Box, WrapsLongLinesAndClosesEachOne) {
    const std::string text =
        box("news",
            {"정확도 .723 of 400 audited rows and a long explanation behind it"},
            40,
            Painter(false));
    std::size_t begin = 0;
    int lines = 0;
    while (begin < text.size()) {
        const std::size_t end = text.find('\n', begin);
        EXPECT_EQ(display_width(text.substr(begin, end - begin)), 40U) << lines;
        begin = end + 1;
        ++lines;
    }
    EXPECT_EQ(lines, 4);
}

TEST(Wrap, CutsAWordThatIsTooLong) {
    const auto lines = wrap("a verylongword", 6);
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0], "a");
    EXPECT_LE(display_width(lines[1]), 6U);
}

TEST(ProgressBar, SaysHowFarItIs) {
    ProgressBar bar(2'000, "replay");
    bar.advance(500);
    bar.set_note("2017-03");
    EXPECT_NE(bar.text(80).find("replay   25 %  500/2,000"), std::string::npos) << bar.text(80);
    EXPECT_NE(bar.text(80).find("2017-03"), std::string::npos);
    bar.advance(5'000);
    EXPECT_NE(bar.text(80).find("100 %"), std::string::npos);
    EXPECT_EQ(display_width(bar.text(20)), 20U);
}

TEST(Numbers, AreGroupedAndSharesHaveThreeDigits) {
    EXPECT_EQ(grouped(0), "0");
    EXPECT_EQ(grouped(999), "999");
    EXPECT_EQ(grouped(-1234567), "-1,234,567");
    EXPECT_EQ(share_text(0.7234, 10), ".723");
    EXPECT_EQ(share_text(1, 10), "1.000");
    EXPECT_EQ(share_text(0.5, 0), "-");
}

}  // namespace
}  // namespace flywheel::app
