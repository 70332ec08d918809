// SPDX-License-Identifier: Apache-2.0
// The featuriser against vectors worked out by hand: its definition is part of the artefact's
// format.

#include "ports/engine/linear/featuriser.h"

#include <map>
#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/text.h"

namespace flywheel::linear {
namespace {

using Bag = std::map<std::uint32_t, std::uint32_t>;

Bag features_of(std::string_view text, const FeatureSpace& space = {}) {
    Featuriser features(space);
    Bag bag;
    for (const Counted& feature : features(text)) {
        EXPECT_TRUE(bag.emplace(feature.id, feature.count).second) << "a feature stands once";
    }
    return bag;
}

Bag bag_of(const std::vector<std::u32string>& ngrams, int hash_bits = 18) {
    Bag bag;
    for (const auto& ngram : ngrams) {
        ++bag[feature_id(ngram, hash_bits)];
    }
    return bag;
}

TEST(Featuriser, HashesAsTheFormatSays) {
    // Computed by a second implementation from the text of docs/internals/linear-artefact.md.
    struct Row {
        std::u32string ngram;
        std::uint32_t id18;
        std::uint32_t id22;
    };

    const Row rows[] = {
        {U"a", 137755, 2204080},
        {U" a", 79650, 1274405},
        {U"한국", 34766, 556267},
        {U"한국 ", 92755, 1484084},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(feature_id(row.ngram, 18), row.id18);
        EXPECT_EQ(feature_id(row.ngram, 22), row.id22);
    }
}

TEST(Featuriser, TakesNgramsInsidePaddedWords) {
    EXPECT_EQ(features_of("ab"), bag_of({U"a", U"b", U" a", U"ab", U"b ", U" ab", U"ab "}));
    EXPECT_EQ(features_of("a b"), bag_of({U"a", U" a", U"a ", U" a ", U"b", U" b", U"b ", U" b "}));
    EXPECT_EQ(
        features_of("한국", {.ngram_max = 4}),
        bag_of({U"한", U"국", U" 한", U"한국", U"국 ", U" 한국", U"한국 ", U" 한국 "})
    );
    EXPECT_EQ(features_of("abc", {.ngram_max = 1}), bag_of({U"a", U"b", U"c"}));
}

TEST(Featuriser, CountsWhatComesAgain) {
    EXPECT_EQ(
        features_of("aa aa", {.ngram_max = 2}),
        bag_of({U"a", U"a", U"a", U"a", U" a", U" a", U"aa", U"aa", U"a ", U"a "})
    );
}

TEST(Featuriser, HasNothingForEmptyText) {
    EXPECT_TRUE(features_of("").empty());
    EXPECT_TRUE(features_of(" \t\n\u00a0\u2003\u3000").empty());
}

TEST(Featuriser, FoldsCaseAndWhiteSpace) {
    EXPECT_EQ(features_of("  KOSPI\u3000Été\tΑΩ Яр "), features_of("kospi été αω яр"));
    EXPECT_NE(features_of("×"), features_of("÷"));
}

TEST(Featuriser, FoldsDigitsOnlyWhenAsked) {
    EXPECT_NE(features_of("1 2"), features_of("3 4"));
    const FeatureSpace folding{.fold_digits = true};
    EXPECT_EQ(features_of("3대1", folding), features_of("9대0", folding));
}

TEST(Featuriser, SeesDecomposedHangulAsComposed) {
    EXPECT_EQ(features_of("\u1112\u1161\u11ab\u1100\u116e\u11a8"), features_of("한국"));
    EXPECT_EQ(features_of("e\u0301te\u0301"), features_of("été"));
    EXPECT_EQ(features_of("가\u11a8"), features_of("각"));
    EXPECT_EQ(features_of("\u304b\u3099"), features_of("\u304c"));
    EXPECT_EQ(features_of("\u212b"), features_of("å"));
}

TEST(Featuriser, TakesEmojiAndOtherPlanes) {
    EXPECT_EQ(features_of("🚀", {.ngram_max = 2}), bag_of({U"🚀", U" 🚀", U"🚀 "}));
    EXPECT_EQ(
        features_of("👨‍👩‍👧🏽").count(feature_id(std::u32string(U"👨"), 18)), 1U
    );
    EXPECT_FALSE(features_of("𐍈𝄞").empty());
}

TEST(Featuriser, GrowsForALongTextAndForgetsIt) {
    std::string text;
    for (char32_t c = 0xAC00; c < 0xAC00 + 11'000; ++c) {
        append_utf8(text, c);
    }
    Featuriser features({.ngram_max = 3, .hash_bits = 22});
    std::string many;
    for (int i = 0; i < 12; ++i) {
        many += text + std::to_string(i);
    }
    EXPECT_GT(features(many).size(), 25'000U);
    const auto small = features("ab");
    EXPECT_EQ(small.size(), 7U);
    Bag bag;
    for (const Counted& feature : small) {
        bag[feature.id] = feature.count;
    }
    EXPECT_EQ(bag, bag_of({U"a", U"b", U" a", U"ab", U"b ", U" ab", U"ab "}, 22));
}

RC_GTEST_PROP(Featuriser, DependsOnTheNormalFormOnly, ()) {
    const auto code_points = *rc::gen::container<std::vector<std::uint32_t>>(rc::gen::oneOf(
        rc::gen::inRange<std::uint32_t>(0x20, 0x7F),
        rc::gen::inRange<std::uint32_t>(0xA0, 0x370),
        rc::gen::inRange<std::uint32_t>(0x1100, 0x1200),
        rc::gen::inRange<std::uint32_t>(0x2000, 0x3400),
        rc::gen::inRange<std::uint32_t>(0xAC00, 0xD7A4),
        rc::gen::inRange<std::uint32_t>(0xF900, 0xFFF0),
        rc::gen::inRange<std::uint32_t>(0x1F300, 0x1FB00)
    ));
    std::string text;
    for (const std::uint32_t c : code_points) {
        append_utf8(text, c);
    }
    RC_ASSERT(features_of(text) == features_of(nfc(text)));
}

}  // namespace
}  // namespace flywheel::linear
