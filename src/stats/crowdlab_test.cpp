// SPDX-License-Identifier: Apache-2.0
// Values: cleanlab 2.9.0, get_label_quality_multiannotator, on the same answers; equal to it on 300
// random crowds besides (4 to 59 items, 2 to 8 people, 2 to 6 labels; largest difference 6e-16).
#include "stats/crowdlab.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include <gtest/gtest.h>

namespace flywheel::stats {
namespace {

/// A line an item, a character a person: their label, or '.'.
std::vector<CrowdAnswer> answers_of(std::span<const std::string_view> lines) {
    std::vector<CrowdAnswer> answers;
    for (std::size_t item = 0; item < lines.size(); ++item) {
        for (std::size_t person = 0; person < lines[item].size(); ++person) {
            if (const char said = lines[item][person]; said != '.') {
                answers.push_back(
                    {static_cast<std::uint32_t>(item),
                     static_cast<std::uint32_t>(person),
                     static_cast<std::uint32_t>(said - '0')}
                );
            }
        }
    }
    return answers;
}

constexpr std::array<std::string_view, 12> kLines = {
    ".2.0", ".000", "1.00", "00..", ".000", "21.1", ".12.", "12..", ".1..", "0.0.", "0...", "1211"
};
constexpr std::array<CrowdPrior, 12> kPriors = {
    {{2, .6173},
     {0, .7479},
     {0, .795},
     {0, .7948},
     {0, .7086},
     {2, .7273},
     {1, .5169},
     {1, .6922},
     {0, .474},
     {0, .6836},
     {0, .7164},
     {0, .8567}}
};

TEST(Crowdlab, EqualsItsAuthorsProgram) {
    const auto answers = answers_of(kLines);
    const auto found = crowdlab({3, 4, kPriors, answers});
    EXPECT_EQ(found.label, (std::vector<std::int64_t>{2, 0, 0, 0, 0, 2, 2, 1, 0, 0, 0, 0}));
    const std::array quality = {
        .561126881889,
        .71878809785,
        .75188197822,
        .794799747217,
        .691174489622,
        .657156171256,
        .330331884744,
        .692199511717,
        .473999739012,
        .676296579189,
        .716399942041,
        .653986900353
    };
    for (std::size_t i = 0; i < quality.size(); ++i) {
        EXPECT_NEAR(found.quality[i], quality[i], 1e-12) << i;
    }
    const std::array people = {.579348248011, .449147635464, .621082935278, .480840020993};
    for (std::size_t i = 0; i < people.size(); ++i) {
        EXPECT_NEAR(found.person[i], people[i], 1e-12) << i;
    }
}

TEST(Crowdlab, DoesNotLookAtTheOrderOfAnswers) {
    auto answers = answers_of(kLines);
    const auto one = crowdlab({3, 4, kPriors, answers});
    std::ranges::reverse(answers);
    const auto other = crowdlab({3, 4, kPriors, answers});
    EXPECT_EQ(one.label, other.label);
    for (std::size_t i = 0; i < one.quality.size(); ++i) {
        EXPECT_NEAR(one.quality[i], other.quality[i], 1e-12);
    }
}

TEST(Crowdlab, WithoutAModelPeopleDecideAlone) {
    const std::array<std::string_view, 4> lines = {"001", "110", "00.", "11."};
    const std::vector<CrowdPrior> priors(lines.size());
    const auto answers = answers_of(lines);
    const auto found = crowdlab({2, 3, priors, answers});
    EXPECT_EQ(found.label, (std::vector<std::int64_t>{0, 1, 0, 1}));
    EXPECT_LT(found.quality[0], found.quality[2]);  // somebody disagreed
    EXPECT_LT(found.person[2], found.person[0]);
    for (const double quality : found.quality) {
        EXPECT_GT(quality, .5);
        EXPECT_LE(quality, 1);
    }
}

TEST(Crowdlab, OneAnswerEachIsTakenAsItIs) {
    const std::array<std::string_view, 4> lines = {"0.", ".1", "..", "1."};
    const std::array<CrowdPrior, 4> priors = {{{0, .9}, {0, .7}, {1, .6}, {}}};
    const auto answers = answers_of(lines);
    const auto found = crowdlab({2, 2, priors, answers});
    EXPECT_EQ(found.label, (std::vector<std::int64_t>{0, 1, -1, 1}));
    EXPECT_DOUBLE_EQ(found.quality[0], .9);
    EXPECT_DOUBLE_EQ(found.quality[1], 1 - .7);
    EXPECT_TRUE(std::isnan(found.quality[2]));
    EXPECT_TRUE(std::isnan(found.quality[3]));
    EXPECT_TRUE(std::isnan(found.person[0]));
}

TEST(Crowdlab, NothingIsAnEmptyAnswer) {
    const auto found = crowdlab({2, 0, {}, {}});
    EXPECT_TRUE(found.label.empty());
    EXPECT_TRUE(found.person.empty());
}

TEST(Crowdlab, WhoAnswersAtRandomIsToldFromWhoIsRight) {
    // Three people, two of them right; a model that knows nothing. Labels by turns.
    std::vector<CrowdAnswer> answers;
    const std::vector<CrowdPrior> priors(200, CrowdPrior{0, .5});
    for (std::uint32_t i = 0; i < 200; ++i) {
        answers.push_back({i, 0, i % 2});
        answers.push_back({i, 1, i % 2});
        answers.push_back({i, 2, i / 2 % 2});
    }
    const auto found = crowdlab({2, 3, priors, answers});
    for (std::uint32_t i = 0; i < 200; ++i) {
        EXPECT_EQ(found.label[i], i % 2);
    }
    EXPECT_GT(found.person[0], .9);
    EXPECT_NEAR(found.person[2], .5, .1);
}

}  // namespace
}  // namespace flywheel::stats
