// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/rng.h"
#include "base/text.h"
#include "tasks/text/choice.h"
#include "tasks/text/metrics.h"
#include "tasks/text/payload.h"
#include "tasks/text/shingles.h"

namespace flywheel::text {
namespace {

using ::testing::HasSubstr;

TEST(TextPayload, RefusesWhatNobodyCouldLabel) {
    struct Row {
        std::string payload;
        std::string message;
    };

    const std::vector<Row> rows = {
        {"", "empty or only white space: 0 bytes"},
        {" \t\n", "empty or only white space"},
        {"\xE3\x80\x80\xC2\xA0", "empty or only white space"},
        {"ab\xFF", "not valid UTF-8 at byte 2"},
        {std::string(kPayloadBytesMax + 1, 'a'), "too long; cut it to 1048576 bytes: 1048577"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.message);
        const auto checked = check_payload(row.payload);
        ASSERT_FALSE(checked);
        EXPECT_EQ(checked.error().code, Code::InvalidArgument);
        EXPECT_THAT(checked.error().message, HasSubstr(row.message));
    }
    EXPECT_TRUE(check_payload(std::string(kPayloadBytesMax, 'a')));
    EXPECT_TRUE(check_payload("x"));
}

TEST(TextPayload, IsAddressedByItsBytesAsTheyCame) {
    EXPECT_EQ(
        item_of("abc").hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    EXPECT_NE(item_of("abc"), item_of("abc "));
}

TEST(TextPayload, ComparesWithoutCaseCompositionAndSpacing) {
    EXPECT_EQ(comparable("  Hello,\t\r\n World \xE3\x80\x80"), "hello, world");
    EXPECT_EQ(
        comparable("STRASSE"),
        comparable("stra\xC3\x9F"
                   "e")
    );
    // U+1112 U+1161 U+11AB is the decomposed form of U+D55C.
    EXPECT_EQ(comparable("\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB"), "\xED\x95\x9C");
    EXPECT_EQ(comparable("\xC3\x89"), comparable("e\xCC\x81"));
}

TEST(Shingles, OfAShortTextAreTheWhole) {
    EXPECT_EQ(shingles_of("abcd").size(), 1U);
    EXPECT_EQ(shingles_of("abcde").size(), 1U);
    EXPECT_EQ(shingles_of("abcdef").size(), 2U);
    EXPECT_EQ(shingles_of("ABC"), shingles_of(" abc "));
    EXPECT_NE(shingles_of("abc"), shingles_of("abd"));
}

TEST(Shingles, CountCodePointsNotBytes) {
    EXPECT_EQ(
        shingles_of("\xEA\xB0\x80\xEB\x82\x98\xEB\x8B\xA4\xEB\x9D\xBC\xEB\xA7\x88").size(), 1U
    );
}

TEST(Shingles, GiveTheJaccardSimilarityThatCanBeCountedByHand) {
    // abcde bcdef cdefg | abcde bcdef cdefh: 2 shared of 4.
    EXPECT_DOUBLE_EQ(jaccard(shingles_of("abcdefg"), shingles_of("abcdefh")), 0.5);
    EXPECT_DOUBLE_EQ(jaccard(shingles_of("abcdefg"), shingles_of("ABCDEFG")), 1.0);
    EXPECT_DOUBLE_EQ(jaccard(shingles_of("abcdefg"), shingles_of("vwxyz")), 0.0);
    EXPECT_DOUBLE_EQ(jaccard({}, {}), 1.0);
}

Shingles random_set(Rng& rng, std::size_t size) {
    Shingles set;
    for (std::size_t i = 0; i < size; ++i) {
        set.push_back(static_cast<std::uint32_t>(rng.next()));
    }
    std::sort(set.begin(), set.end());
    set.erase(std::unique(set.begin(), set.end()), set.end());
    return set;
}

TEST(MinHash, EstimatesTheJaccardSimilarity) {
    Rng rng(11);
    double error = 0;
    constexpr int kPairs = 200;
    for (int pair = 0; pair < kPairs; ++pair) {
        const auto all = random_set(rng, 100);
        Shingles a(all.begin(), all.begin() + 80);
        Shingles b(all.begin() + 20, all.end());
        error += estimated_jaccard(signature_of(a), signature_of(b)) - jaccard(a, b);
    }
    // Standard deviation of the mean: sqrt(.6 x .4 / 128 / 200) = .0031.
    EXPECT_NEAR(error / kPairs, 0.0, 0.0125);
}

TEST(MinHash, BandsFindNearlyAllPairsAtTheThreshold) {
    Rng rng(12);
    int found = 0;
    constexpr int kPairs = 500;
    for (int pair = 0; pair < kPairs; ++pair) {
        const auto all = random_set(rng, 60);
        Shingles a(all.begin(), all.begin() + 54);
        Shingles b(all.begin() + 6, all.end());  // J = 48 / 60 = .8
        const auto left = bands_of(signature_of(a));
        const auto right = bands_of(signature_of(b));
        bool shared = false;
        for (std::size_t band = 0; band < kBands; ++band) {
            shared = shared || left[band] == right[band];
        }
        found += shared ? 1 : 0;
    }
    EXPECT_GE(found, kPairs - 1);
}

RC_GTEST_PROP(Shingles, AreSortedDistinctAndBlindToCaseAndSpacing, ()) {
    const auto words = *rc::gen::container<std::vector<std::string>>(
        rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange('a', 'z')))
    );
    std::string plain;
    std::string loud;
    for (const auto& word : words) {
        plain += plain.empty() ? word : " " + word;
        loud += "\t ";
        for (const char letter : word) {
            loud += static_cast<char>(letter - 'a' + 'A');
        }
    }
    const auto shingles = shingles_of(plain);
    RC_ASSERT(shingles == shingles_of(loud));
    RC_ASSERT(std::is_sorted(shingles.begin(), shingles.end()));
    RC_ASSERT(std::adjacent_find(shingles.begin(), shingles.end()) == shingles.end());
}

TEST(Choice, IsOneOfTheLabelsOrTheMessageListsThem) {
    Schema schema;
    schema.labels = {"politics", "sports"};
    EXPECT_EQ(*choice_of(schema, "sports"), 1);
    const auto refused = choice_of(schema, "sprots");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::InvalidArgument);
    EXPECT_THAT(refused.error().message, HasSubstr("the schema has politics, sports: 'sprots'"));
    EXPECT_TRUE(check_choice(schema, 0));
    EXPECT_FALSE(check_choice(schema, 2));
    EXPECT_FALSE(check_choice(schema, -1));
}

TEST(Metrics, EqualThePublishedVector) {
    const std::vector<std::int64_t> gold = {0, 0, 1, 1, 2, 2, 2, 3};
    const std::vector<std::int64_t> predicted = {0, 1, 1, 1, 2, 0, 2, 4};
    const auto card = score(gold, predicted, 6);
    ASSERT_TRUE(card);
    EXPECT_EQ(card->rows, 8);
    EXPECT_NEAR(*card->accuracy, 0.625, 1e-12);
    EXPECT_NEAR(*card->macro_f1, 0.42, 1e-6);
    EXPECT_NEAR(*card->balanced_recall, 0.541667, 1e-6);
    EXPECT_EQ(card->confusion[2][0], 1);
    EXPECT_EQ(card->confusion[2][2], 2);
    EXPECT_NEAR(*card->recall[2], 2.0 / 3, 1e-12);
    EXPECT_EQ(card->recall[4], std::nullopt);
}

TEST(Metrics, OfNoRowsAreNothing) {
    const auto card = score({}, {}, 3);
    ASSERT_TRUE(card);
    EXPECT_EQ(card->accuracy, std::nullopt);
    EXPECT_EQ(card->balanced_recall, std::nullopt);
    EXPECT_EQ(card->macro_f1, std::nullopt);
    const auto loss = log_loss({}, {}, 3);
    ASSERT_TRUE(loss);
    EXPECT_EQ(*loss, std::nullopt);
}

TEST(Metrics, NameTheRowThatDoesNotFit) {
    const std::vector<std::int64_t> gold = {0, 3};
    const std::vector<std::int64_t> short_gold = {0};
    const auto outside = score(gold, gold, 3);
    ASSERT_FALSE(outside);
    EXPECT_THAT(outside.error().message, HasSubstr("gold row 1: 3"));
    EXPECT_FALSE(score(gold, short_gold, 4));
    const std::vector<float> nan = {0.5F, 0.5F, std::nanf(""), 0.5F};
    const std::vector<std::int64_t> fine = {0, 1};
    const auto refused = log_loss(fine, nan, 2);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("row 1 class 0"));
    EXPECT_FALSE(log_loss(fine, nan, 3));
}

TEST(Metrics, LogLossIsTheMeanSurpriseWithAFloor) {
    const std::vector<std::int64_t> gold = {0, 1};
    const std::vector<float> probabilities = {0.5F, 0.5F, 1.0F, 0.0F};
    const auto loss = log_loss(gold, probabilities, 2);
    ASSERT_TRUE(loss);
    EXPECT_NEAR(**loss, (std::log(2.0) - std::log(1e-6)) / 2, 1e-9);
}

}  // namespace
}  // namespace flywheel::text
