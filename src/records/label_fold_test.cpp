// SPDX-License-Identifier: Apache-2.0
#include "records/label_fold.h"

#include <map>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/hash.h"
#include "base/rng.h"

namespace flywheel {
namespace {

/// Makes events with rising seq.
class Log {
  public:
    LabelEvent& answer(const std::string& item, const std::string& actor, std::int64_t choice) {
        auto& event = append(item, actor, LabelAction::Answer);
        event.choice = choice;
        return event;
    }

    LabelEvent& undo(const LabelEvent& target) {
        const auto item = target.item;
        const auto id = target.id;
        auto& event = append("", "", LabelAction::Undo);
        event.item = item;
        event.target = id;
        return event;
    }

    LabelEvent& append(const std::string& item, const std::string& actor, LabelAction action) {
        LabelEvent event;
        event.id = Id<LabelEvent>::random(Time{}, rng_);
        event.seq = static_cast<std::int64_t>(events_.size()) + 1;
        event.item = sha256(item);
        event.actor = actor;
        event.action = action;
        event.received = Time(Duration(event.seq));
        events_.push_back(event);
        return events_.back();
    }

    [[nodiscard]] LabelFold fold() const {
        LabelFold fold;
        for (const auto& event : events_) {
            fold.add(event);
        }
        return fold;
    }

    [[nodiscard]] const std::vector<LabelEvent>& events() const { return events_; }

    [[nodiscard]] LabelEvent at(std::size_t place) const { return events_[place]; }

  private:
    Rng rng_{7};
    std::vector<LabelEvent> events_;
};

std::int64_t label_of(const Log& log, const std::string& item) {
    const auto label = log.fold().label(sha256(item));
    return label ? label->label : -1;
}

TEST(ChoicesIn, ReadsWhatWasWrittenAndRefusesTheRest) {
    EXPECT_EQ(value_of_choices({4, 1, 4}), R"({"choices":[1,4]})");
    EXPECT_EQ(choices_in(R"({"choices":[1,4]})").value(), (std::vector<std::int64_t>{1, 4}));
    EXPECT_TRUE(choices_in(value_of_choices({})).value().empty());
    for (const auto* bad :
         {"", "[1]", "{}", R"({"choices":1})", R"({"choices":[4,1]})", R"({"choices":["a"]})"}) {
        EXPECT_FALSE(choices_in(bad)) << bad;
    }
}

TEST(LabelFold, KnowsNothingOfAnItemNobodyAnswered) {
    Log log;
    log.append("a", "kim", LabelAction::Skip);
    EXPECT_EQ(log.fold().label(sha256("a")), std::nullopt);
    EXPECT_TRUE(log.fold().labels().empty());
}

TEST(LabelFold, PutsTheNewestLiveDecisionBeforeAllAnswers) {
    Log log;
    log.answer("a", "kim", 1);
    log.append("a", "boss", LabelAction::Adjudicate).choice = 2;
    const auto first = log.at(1);
    log.answer("a", "lee", 1);
    log.append("a", "boss", LabelAction::GoldSet).choice = 3;
    const auto second = log.at(3);
    auto label = log.fold().label(sha256("a"));
    EXPECT_EQ(label->label, 3);
    EXPECT_EQ(label->answers, 2);
    EXPECT_EQ(label->agreeing, 0);
    EXPECT_EQ(label->seq, 4);
    EXPECT_TRUE(label->decided);
    EXPECT_TRUE(label->gold);
    EXPECT_EQ(log.fold().decided(sha256("a")), 3);
    log.undo(second);
    label = log.fold().label(sha256("a"));
    EXPECT_EQ(label->label, 2);
    EXPECT_FALSE(label->gold);
    log.undo(first);
    label = log.fold().label(sha256("a"));
    EXPECT_EQ(label->label, 1);
    EXPECT_FALSE(label->decided);
    EXPECT_EQ(log.fold().decided(sha256("a")), std::nullopt);
}

TEST(LabelFold, ADecisionIsALabelWithoutAnswersAndKeepsTheHoldOut) {
    Log log;
    auto& decision = log.append("a", "boss", LabelAction::GoldSet);
    decision.choice = 1;
    decision.holdout = true;
    log.answer("a", "kim", 0).gold = true;
    const auto label = log.fold().label(sha256("a"));
    EXPECT_EQ(label->label, 1);
    EXPECT_EQ(label->answers, 0);
    EXPECT_TRUE(label->holdout);
    EXPECT_EQ(log.fold().labels().size(), 1U);
}

TEST(LabelFold, AnAnswerToAGoldQuestionNeverVotes) {
    Log log;
    log.answer("a", "kim", 1).gold = true;
    EXPECT_EQ(log.fold().label(sha256("a")), std::nullopt);
    log.answer("a", "lee", 0);
    EXPECT_EQ(log.fold().label(sha256("a"))->answers, 1);
}

TEST(LabelFold, CountsTheLastAnswerOfAPerson) {
    Log log;
    log.answer("a", "kim", 1);
    log.answer("a", "kim", 2);
    const auto label = log.fold().label(sha256("a"));
    ASSERT_TRUE(label);
    EXPECT_EQ(label->label, 2);
    EXPECT_EQ(label->answers, 1);
    EXPECT_EQ(label->seq, 2);
    EXPECT_EQ(label->received, Time(Duration(2)));
}

TEST(LabelFold, TakesTheMajorityAndBreaksTiesByTheFirstAnswer) {
    Log log;
    log.answer("a", "kim", 5);
    log.answer("a", "lee", 1);
    EXPECT_EQ(label_of(log, "a"), 5);
    log.answer("a", "park", 1);
    const auto label = log.fold().label(sha256("a"));
    EXPECT_EQ(label->label, 1);
    EXPECT_EQ(label->answers, 3);
    EXPECT_EQ(label->agreeing, 2);
}

TEST(LabelFold, TreatsAPersonAndAFileOfOneNameAsTwoActors) {
    Log log;
    log.answer("a", "kim", 1);
    log.answer("a", "kim", 2).actor_kind = ActorKind::Import;
    EXPECT_EQ(log.fold().label(sha256("a"))->answers, 2);
}

TEST(LabelFold, NeverLetsModelsOrRulesVote) {
    Log log;
    log.answer("a", "v3", 1).actor_kind = ActorKind::Model;
    log.answer("a", "blank", 1).actor_kind = ActorKind::Rule;
    EXPECT_EQ(log.fold().label(sha256("a")), std::nullopt);
    log.answer("a", "kim", 2);
    EXPECT_EQ(label_of(log, "a"), 2);
}

TEST(LabelFold, KeepsTheHoldOutMarkOfAnyCountedAnswerOnly) {
    Log log;
    log.answer("a", "kim", 1).holdout = true;
    log.answer("a", "lee", 1);
    EXPECT_TRUE(log.fold().label(sha256("a"))->holdout);
    log.undo(log.at(0));
    EXPECT_FALSE(log.fold().label(sha256("a"))->holdout);
}

TEST(LabelFold, UndoBringsBackTheAnswerBefore) {
    Log log;
    log.answer("a", "kim", 1);
    log.answer("a", "kim", 2);
    log.undo(log.at(1));
    EXPECT_EQ(label_of(log, "a"), 1);
    EXPECT_FALSE(log.fold().live(log.at(1).id));
    log.undo(log.at(2));
    EXPECT_EQ(label_of(log, "a"), 2);
    log.undo(log.at(3));
    EXPECT_EQ(label_of(log, "a"), 1);
}

TEST(LabelFold, AnAnswerUndoneTwiceNeedsBothUndosUndone) {
    Log log;
    log.answer("a", "kim", 1);
    log.undo(log.at(0));
    log.undo(log.at(0));
    log.undo(log.at(1));
    EXPECT_EQ(label_of(log, "a"), -1);
    log.undo(log.at(2));
    EXPECT_EQ(label_of(log, "a"), 1);
}

TEST(LabelFold, IgnoresAnUndoOfItselfOrOfSomethingUnknown) {
    Log log;
    log.answer("a", "kim", 1);
    auto& self = log.undo(log.at(0));
    self.target = self.id;
    LabelEvent stranger;
    log.undo(stranger);
    EXPECT_EQ(label_of(log, "a"), 1);
}

TEST(LabelFold, ASkipCanBeUndone) {
    Log log;
    Rng rng(3);
    const auto task = Id<LabelTask>::random(Time{}, rng);
    log.append("a", "kim", LabelAction::Skip).task = task;
    EXPECT_TRUE(log.fold().skipped(task));
    log.undo(log.at(0));
    EXPECT_FALSE(log.fold().skipped(task));
}

TEST(LabelFold, ListsLabelsSortedByItem) {
    Log log;
    for (const auto* item : {"c", "a", "b"}) {
        log.answer(item, "kim", 1);
    }
    const auto labels = log.fold().labels();
    ASSERT_EQ(labels.size(), 3U);
    EXPECT_LT(labels[0].item, labels[1].item);
    EXPECT_LT(labels[1].item, labels[2].item);
    EXPECT_EQ(log.fold().watermark(), 3);
}

/// Liveness by its definition: alive unless a live event undoes it. Quadratic, and obviously right.
bool naively_live(const std::vector<LabelEvent>& events, std::size_t at) {
    for (std::size_t later = at + 1; later < events.size(); ++later) {
        const bool undoes =
            events[later].action == LabelAction::Undo && events[later].target == events[at].id;
        if (undoes && naively_live(events, later)) {
            return false;
        }
    }
    return true;
}

std::int64_t naive_label(const std::vector<LabelEvent>& events, const Digest& item) {
    std::map<std::string, std::pair<std::int64_t, std::size_t>> last;
    for (std::size_t i = 0; i < events.size(); ++i) {
        const auto& event = events[i];
        if (event.item == item && event.action == LabelAction::Answer && naively_live(events, i)) {
            last[event.actor] = {*event.choice, i};
        }
    }
    std::int64_t best = -1;
    std::size_t best_votes = 0;
    std::size_t best_first = 0;
    for (const auto& [actor, vote] : last) {
        std::size_t votes = 0;
        std::size_t first = events.size();
        for (const auto& [other, its] : last) {
            votes += its.first == vote.first ? 1 : 0;
            first = its.first == vote.first ? std::min(first, its.second) : first;
        }
        if (votes > best_votes || (votes == best_votes && first < best_first)) {
            best = vote.first;
            best_votes = votes;
            best_first = first;
        }
    }
    return best;
}

RC_GTEST_PROP(LabelFold, AgreesWithTheDefinitionAfterAnySequenceOfAnswersAndUndos, ()) {
    Log log;
    const auto steps = *rc::gen::inRange<std::size_t>(0, 25);
    const std::vector<std::string> items = {"a", "b"};
    const std::vector<std::string> actors = {"kim", "lee", "park"};
    for (std::size_t step = 0; step < steps; ++step) {
        if (step > 0 && *rc::gen::arbitrary<bool>()) {
            log.undo(log.at(*rc::gen::inRange<std::size_t>(0, step)));
        } else {
            log.answer(
                *rc::gen::elementOf(items),
                *rc::gen::elementOf(actors),
                *rc::gen::inRange<std::int64_t>(0, 3)
            );
        }
        const auto fold = log.fold();
        for (const auto& item : items) {
            const auto label = fold.label(sha256(item));
            RC_ASSERT((label ? label->label : -1) == naive_label(log.events(), sha256(item)));
        }
        for (std::size_t i = 0; i < log.events().size(); ++i) {
            RC_ASSERT(fold.live(log.events()[i].id) == naively_live(log.events(), i));
        }
    }
}

}  // namespace
}  // namespace flywheel
