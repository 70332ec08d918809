// SPDX-License-Identifier: Apache-2.0
#include "rooms/labeling/agreement.h"

#include <gtest/gtest.h>

#include "base/hash.h"
#include "base/rng.h"

namespace flywheel::labeling {
namespace {

class AgreementTest : public ::testing::Test {
  protected:
    LabelEvent say(
        const std::string& actor,
        const std::string& item,
        std::int64_t choice,
        LabelAction action = LabelAction::Answer,
        bool blind = false
    ) {
        LabelEvent event;
        event.id = Id<LabelEvent>::random(Time(), rng_);
        event.seq = ++seq_;
        event.item = sha256(item);
        event.actor = actor;
        event.action = action;
        event.blind = blind;
        if (action == LabelAction::Answer) {
            event.choice = choice;
        }
        count_.add(event);
        return event;
    }

    void undo(const LabelEvent& target) {
        LabelEvent event = target;
        event.id = Id<LabelEvent>::random(Time(), rng_);
        event.seq = ++seq_;
        event.action = LabelAction::Undo;
        event.target = target.id;
        count_.add(event);
    }

    Rng rng_{1};
    std::int64_t seq_ = 0;
    AgreementCount count_;
};

TEST_F(AgreementTest, IsNothingWithoutSharedItems) {
    say("kim", "a", 0);
    say("lee", "b", 1);
    const Agreement agreement = count_.agreement();
    EXPECT_EQ(agreement.items, 2);
    EXPECT_EQ(agreement.shared, 0);
    EXPECT_EQ(agreement.pairs.trials, 0);
    EXPECT_FALSE(agreement.alpha);
    ASSERT_EQ(agreement.annotators.size(), 2U);
    EXPECT_EQ(agreement.annotators[0].agreement.trials, 0);
}

TEST_F(AgreementTest, ComparesEachWithTheOthers) {
    say("kim", "a", 0);
    say("lee", "a", 0);
    say("park", "a", 2);
    say("kim", "b", 1);
    say("lee", "b", 2);
    const Agreement agreement = count_.agreement();
    EXPECT_EQ(agreement.shared, 2);
    EXPECT_EQ(agreement.pairs.trials, 4);
    EXPECT_EQ(agreement.pairs.successes, 1);
    ASSERT_EQ(agreement.confused.size(), 2U);
    EXPECT_EQ(agreement.confused[0].low, 0);
    EXPECT_EQ(agreement.confused[0].high, 2);
    EXPECT_EQ(agreement.confused[0].pairs, 2);
    for (const Annotator& person : agreement.annotators) {
        SCOPED_TRACE(person.actor);
        // Of item a the others of kim say 0 and 2 as often, which is no disagreement with him.
        EXPECT_EQ(person.agreement.trials, person.actor == "park" ? 1 : 2);
        EXPECT_EQ(person.agreement.successes, person.actor == "park" ? 0 : 1);
    }
}

TEST_F(AgreementTest, CountsOnlyTheNewestAnswerThatWasNotTakenBack) {
    say("kim", "a", 0);
    say("kim", "a", 1);
    const auto wrong = say("lee", "a", 0);
    undo(wrong);
    say("lee", "a", 1);
    say("lee", "c", 0, LabelAction::Skip);
    say("lee", "c", 0, LabelAction::Flag);
    const Agreement agreement = count_.agreement();
    EXPECT_EQ(agreement.pairs.trials, 1);
    EXPECT_EQ(agreement.pairs.successes, 1);
    EXPECT_TRUE(agreement.confused.empty());
    for (const Annotator& person : agreement.annotators) {
        EXPECT_EQ(person.undone, person.actor == "lee" ? 1 : 0);
        EXPECT_EQ(person.skips, person.actor == "lee" ? 1 : 0);
        EXPECT_EQ(person.flags, person.actor == "lee" ? 1 : 0);
    }
}

TEST_F(AgreementTest, TakesTheMedianOfTheTimesThatAreKnown) {
    for (const int seconds : {9, 1, 2, 4}) {
        LabelEvent event = say("kim", "a" + std::to_string(seconds), 0);
        event.id = Id<LabelEvent>::random(Time(), rng_);
        event.seq = ++seq_;
        event.item = sha256("b" + std::to_string(seconds));
        event.t_shown = 1000;
        event.t_saved = 1000 + 1000 * seconds;
        count_.add(event);
    }
    const Agreement agreement = count_.agreement();
    EXPECT_EQ(agreement.annotators[0].timed, 4);
    EXPECT_DOUBLE_EQ(agreement.annotators[0].seconds_median, 3);
}

/// The example of Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), part C: four
/// observers, twelve units, missing answers; nominal alpha = .743.
TEST_F(AgreementTest, GivesTheAlphaOfItsAuthorsExample) {
    const std::vector<std::vector<int>> answers = {
        {1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0},
        {1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3},
        {0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0},
        {1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0},
    };
    for (std::size_t observer = 0; observer < answers.size(); ++observer) {
        for (std::size_t unit = 0; unit < answers[observer].size(); ++unit) {
            if (answers[observer][unit] > 0) {
                say("o" + std::to_string(observer),
                    "u" + std::to_string(unit),
                    answers[observer][unit]);
            }
        }
    }
    ASSERT_TRUE(count_.agreement().alpha);
    EXPECT_NEAR(*count_.agreement().alpha, .743, .0005);
}

TEST_F(AgreementTest, HasNoAlphaWhenOnlyOneLabelWasUsed) {
    say("kim", "a", 0);
    say("lee", "a", 0);
    EXPECT_FALSE(count_.agreement().alpha);
}

TEST_F(AgreementTest, BlindPairsStandInTheOrderOfTheSecondAnswer) {
    say("kim", "a", 0);
    say("kim", "b", 0);
    say("kim", "c", 0);
    say("lee", "c", 1);  // volunteered
    say("lee", "b", 0, LabelAction::Answer, true);
    const auto taken_back = say("lee", "a", 0, LabelAction::Answer, true);
    EXPECT_EQ(count_.blind_pairs(), (std::vector<bool>{true, true}));
    undo(taken_back);
    EXPECT_EQ(count_.blind_pairs(), (std::vector<bool>{true}));
    say("park", "a", 1, LabelAction::Answer, true);
    EXPECT_EQ(count_.blind_pairs(), (std::vector<bool>{true, false}));
}

TEST(Disagreement, ComparesTheNewestWholeBlockWithAllBefore) {
    std::vector<bool> agree(2 * kDisagreementBlock - 1, true);
    EXPECT_FALSE(newest_disagreement(agree)) << "the second block is not complete";
    for (std::size_t i = 0; i < 20; ++i) {
        agree[i] = false;
        agree[kDisagreementBlock + i] = false;
        agree[kDisagreementBlock + 30 + i] = false;
    }
    agree.push_back(true);
    agree.push_back(false);  // of a block that is not complete
    const auto found = newest_disagreement(agree);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->first.successes, 40);
    EXPECT_EQ(found->first.trials, 200);
    EXPECT_EQ(found->second.successes, 20);
    EXPECT_EQ(found->second.trials, 200);
    EXPECT_DOUBLE_EQ(found->difference, .1);
    EXPECT_GT(found->interval.lower, 0);
    EXPECT_LT(found->interval.lower, stats::newcombe_difference(found->first, found->second).lower);
}

/// Two answers that differ as often as ever, ten blocks long, a thousand times.
TEST(Disagreement, RaisesAFalseAlarmInOneOfAHundredBlocks) {
    int alarms = 0;
    int blocks = 0;
    for (std::uint64_t seed = 0; seed < 1000; ++seed) {
        Rng rng(seed);
        std::vector<bool> agree;
        for (std::size_t block = 0; block < 10; ++block) {
            for (std::size_t i = 0; i < kDisagreementBlock; ++i) {
                agree.push_back(rng.uniform() >= .12);
            }
            if (const auto found = newest_disagreement(agree)) {
                ++blocks;
                alarms += found->interval.lower > 0 || found->interval.upper < 0 ? 1 : 0;
            }
        }
    }
    EXPECT_EQ(blocks, 9000);
    EXPECT_LE(alarms, 90 + 3 * 10) << "1 % of the blocks, and three standard deviations";
    EXPECT_GE(alarms, 30) << "so careful that it would find nothing";
}

}  // namespace
}  // namespace flywheel::labeling
