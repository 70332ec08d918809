// SPDX-License-Identifier: Apache-2.0
#include "rooms/selection/selection.h"

#include <cmath>
#include <map>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/rng.h"
#include "memory_captured.h"
#include "ports/ledger/sqlite/sqlite_ledger.h"
#include "rooms/selection/arms.h"
#include "rooms/selection/group_book.h"
#include "vectors/half.h"

namespace flywheel::selection {
namespace {

using flywheel::testing::MemoryCaptured;
using flywheel::testing::served_row;
using ::testing::ElementsAre;

Time hour(int number) {
    return Time(std::chrono::hours(number));
}

/// A ledger with Examples, served rows and answers, window after window.
class World {
  public:
    explicit World(std::uint64_t seed = 1) : rng_(seed) {}

    void example(const std::string& text, const std::string& group) {
        Example example;
        example.id = sha256(text);
        example.group = sha256(group);
        example.payload = text;
        CHECK(ledger_->insert(table_of<Example>(), to_row(example)));
    }

    Prediction serve(const std::string& text, int at, float p1 = 0.9F) {
        auto row = served_row("news", text, hour(at), {p1, 1.0F - p1}, rng_);
        captured_.add(row);
        return row;
    }

    /// Example and row of its own group.
    Prediction fresh(const std::string& text, int at, float p1 = 0.9F) {
        example(text, text);
        return serve(text, at, p1);
    }

    void answer(const Digest& item, bool holdout, std::optional<Id<LabelEvent>> undoes = {}) {
        LabelEvent event;
        event.id = Id<LabelEvent>::random(hour(0), rng_);
        event.seq = ++seq_;
        event.model = "news";
        event.item = item;
        event.actor = "kim";
        event.action = undoes ? LabelAction::Undo : LabelAction::Answer;
        event.choice = undoes ? std::optional<std::int64_t>() : 0;
        event.target = undoes;
        event.holdout = holdout;
        last_ = event.id;
        CHECK(ledger_->insert(table_of<LabelEvent>(), to_row(event)));
    }

    void undo_last(const Digest& item) { answer(item, false, last_); }

    [[nodiscard]] Plan plan(int turn, std::int64_t budget) const {
        Plan plan;
        plan.model = "news";
        plan.turn = Id<Turn>::derived(hour(turn), "turn");
        plan.window = {hour(turn), hour(turn + 1)};
        plan.budget = budget;
        plan.now = hour(turn + 1);
        return plan;
    }

    Result<Summary> choose(const Plan& plan) { return room_.choose(plan); }

    [[nodiscard]] std::vector<LabelTask> tasks(const Plan& plan) const {
        return Reader<LabelTask>(*ledger_)
            .select(Where<LabelTask>().eq(&LabelTask::turn, plan.turn).order(&LabelTask::rank))
            .value();
    }

    MemoryCaptured& captured() { return captured_; }

    Rng& rng() { return rng_; }

  private:
    Rng rng_;
    MemoryCaptured captured_;
    std::unique_ptr<Ledger> ledger_ = sqlite::open_in_memory().value();
    Selection room_{
        captured_,
        Reader<Example>(*ledger_),
        Reader<LabelEvent>(*ledger_),
        Writer<LabelTask>(*ledger_)
    };
    std::int64_t seq_ = 0;
    Id<LabelEvent> last_;
};

TEST(Selection, SplitsTheBudgetAndStoresTheExactProbability) {
    World world;
    for (int i = 0; i < 100; ++i) {
        world.fresh(std::to_string(i), 1);
    }
    const auto plan = world.plan(1, 20);
    const auto summary = world.choose(plan);
    ASSERT_TRUE(summary);
    EXPECT_EQ(summary->served, 100);
    EXPECT_EQ(summary->eligible, 100);
    EXPECT_EQ(summary->audit, 8);
    EXPECT_EQ(summary->strategy, 12);
    EXPECT_EQ(summary->questions, 20);
    EXPECT_DOUBLE_EQ(summary->audit_probability, 0.08);
    std::set<Digest> items;
    for (const auto& task : world.tasks(plan)) {
        items.insert(task.item);
        EXPECT_EQ(task.probability.has_value(), task.arm == Arm::Audit);
        EXPECT_EQ(task.probability.value_or(0.08), 0.08);
        EXPECT_EQ(task.strategy, task.arm == Arm::Audit ? "uniform" : "margin");
        EXPECT_EQ(task.suggested, 0);
        EXPECT_NEAR(task.suggested_probability, 0.9, 1e-6);
        EXPECT_EQ(task.window_end, hour(2));
    }
    EXPECT_EQ(items.size(), 20U);
}

TEST(Selection, MultipliesTheProbabilityByThatOfCapture) {
    World world;
    world.example("a", "a");
    auto row = served_row("news", "a", hour(1), {0.9F, 0.1F}, world.rng());
    row.propensity = 0.25;
    world.captured().add(row);
    const auto plan = world.plan(1, 1);
    ASSERT_TRUE(world.choose(plan));
    EXPECT_EQ(world.tasks(plan).at(0).probability, 0.25);
}

TEST(Selection, CountsThePayloadsThatWereThinnedAway) {
    World world;
    world.example("a", "a");
    auto row = served_row("news", "a", hour(1), {0.9F, 0.1F}, world.rng());
    row.propensity = 0.5;
    row.thin = true;  // kept with its payload by one chance in four
    world.captured().add(row);
    const auto plan = world.plan(1, 1);
    ASSERT_TRUE(world.choose(plan));
    EXPECT_EQ(world.tasks(plan).at(0).probability, 0.125);
}

TEST(Selection, GivesATinyBudgetToTheAuditAlone) {
    World world;
    for (int i = 0; i < 50; ++i) {
        world.fresh(std::to_string(i), 1);
    }
    const auto summary = world.choose(world.plan(1, 12));  // .4 x 12 = 4.8
    EXPECT_EQ(summary->audit, 12);
    EXPECT_EQ(summary->strategy, 0);
}

TEST(Selection, TheSamePlanAgainChangesNothing) {
    World world;
    for (int i = 0; i < 60; ++i) {
        world.fresh(std::to_string(i), 1);
    }
    const auto plan = world.plan(1, 20);
    const auto once = world.choose(plan);
    const auto before = world.tasks(plan);
    world.answer(before.front().item, false);
    const auto twice = world.choose(plan);
    ASSERT_TRUE(twice);
    EXPECT_EQ(twice->questions, once->questions);
    EXPECT_EQ(twice->audit_probability, once->audit_probability);
    const auto after = world.tasks(plan);
    ASSERT_EQ(after.size(), before.size());
    for (std::size_t i = 0; i < after.size(); ++i) {
        EXPECT_EQ(to_json_text(after[i]), to_json_text(before[i]));
    }
}

TEST(Selection, ReusesALabelOfTheGroupAndGivesTheQuestionToTheStrategy) {
    World world;
    world.example("known", "g");
    world.example("near", "g");
    world.answer(sha256("known"), false);
    for (int i = 0; i < 19; ++i) {
        world.serve("near", 1);
    }
    world.fresh("other", 1, 0.51F);
    auto plan = world.plan(1, 19);
    plan.audit_share = 1.0;
    const auto summary = world.choose(plan);
    EXPECT_EQ(summary->audit, 19);
    EXPECT_GE(summary->reused, 18);
    EXPECT_EQ(summary->questions, 1);
    for (const auto& task : world.tasks(plan)) {
        if (task.strategy == kReuse) {
            EXPECT_EQ(task.item, sha256("known"));
            EXPECT_FALSE(task.holdout);
        } else {
            EXPECT_EQ(task.item, sha256("other"));
        }
    }
}

TEST(Selection, AsksOnceAboutAGroupThatIsAuditedTwice) {
    World world;
    world.example("a", "g");
    world.example("b", "g");
    world.serve("a", 1);
    world.serve("b", 1);
    world.serve("b", 1);
    const auto plan = world.plan(1, 3);
    const auto summary = world.choose(plan);
    EXPECT_EQ(summary->audit, 3);
    EXPECT_EQ(summary->questions, 1);
    const auto tasks = world.tasks(plan);
    EXPECT_EQ(tasks[0].item, tasks[1].item);
    EXPECT_EQ(tasks[0].item, tasks[2].item);
    EXPECT_EQ(tasks[0].holdout, tasks[2].holdout);
    EXPECT_EQ(tasks[0].strategy, "uniform");
    EXPECT_EQ(tasks[1].strategy, kReuse);
}

TEST(Selection, LeavesOutRowsWithoutAnExample) {
    World world;
    world.serve("never collected", 1);
    world.fresh("a", 1);
    const auto summary = world.choose(world.plan(1, 1));
    EXPECT_EQ(summary->served, 2);
    EXPECT_EQ(summary->eligible, 1);
    EXPECT_EQ(summary->audit_probability, 1.0);
}

TEST(Selection, HasNothingToDoWithoutRowsOrBudget) {
    World world;
    EXPECT_EQ(world.choose(world.plan(1, 10))->questions, 0);
    world.fresh("a", 2);
    EXPECT_EQ(world.choose(world.plan(2, 0))->questions, 0);
    EXPECT_EQ(world.choose(world.plan(2, -1)).error().code, Code::InvalidArgument);
    auto plan = world.plan(2, 1);
    plan.audit_share = std::nan("");
    EXPECT_EQ(world.choose(plan).error().code, Code::InvalidArgument);
}

TEST(Selection, AsksTheSmallestMarginsOfCalibratedScores) {
    World world;
    for (int i = 0; i < 40; ++i) {
        const auto text = std::to_string(i);
        world.example(text, text);
        auto row = served_row("news", text, hour(1), {0.99F, 0.01F}, world.rng());
        const float p = 0.5F + 0.01F * static_cast<float>(i);
        row.base_scores = {p, 1.0F - p};
        world.captured().add(row);
    }
    auto plan = world.plan(1, 10);
    plan.audit_share = 0.5;
    ASSERT_TRUE(world.choose(plan));
    std::set<Digest> audited;
    std::vector<LabelTask> strategy;
    for (const auto& task : world.tasks(plan)) {
        if (task.arm == Arm::Audit) {
            audited.insert(task.item);
        } else {
            strategy.push_back(task);
        }
    }
    std::vector<Digest> expected;
    for (int i = 0; expected.size() < 5; ++i) {
        if (!audited.contains(sha256(std::to_string(i)))) {
            expected.push_back(sha256(std::to_string(i)));
        }
    }
    ASSERT_EQ(strategy.size(), 5U);
    for (std::size_t i = 0; i < 5; ++i) {
        EXPECT_EQ(strategy[i].item, expected[i]);
    }
}

TEST(Selection, InterleavesTheArmsByRank) {
    World world;
    for (int i = 0; i < 100; ++i) {
        world.fresh(std::to_string(i), 1);
    }
    const auto plan = world.plan(1, 20);
    ASSERT_TRUE(world.choose(plan));
    const auto tasks = world.tasks(plan);
    int audits = 0;
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        EXPECT_EQ(tasks[i].rank, static_cast<std::int64_t>(i));
        audits += tasks[i].arm == Arm::Audit ? 1 : 0;
        EXPECT_NEAR(audits, 0.4 * static_cast<double>(i + 1), 1.0);
    }
}

Candidate candidate(const std::string& item, float p1, std::vector<float> embedding, Rng& rng) {
    Candidate candidate{served_row("news", item, hour(0), {p1, 1.0F - p1}, rng), sha256(item)};
    candidate.row.embedding.resize(embedding.size());
    vectors::to_half(embedding, candidate.row.embedding);
    return candidate;
}

TEST(SmallestMargins, PassOverNearCopiesAndFillUpWithThem) {
    Rng rng(1);
    const std::vector<Candidate> rows = {
        candidate("a", 0.50F, {1, 0}, rng),
        candidate("b", 0.55F, {0.999F, 0.04F}, rng),
        candidate("c", 0.60F, {0, 1}, rng),
        candidate("d", 0.65F, {}, rng),
        candidate("e", 0.70F, {0.04F, 0.999F}, rng),
    };
    const std::vector<std::size_t> pool = {4, 3, 2, 1, 0};
    EXPECT_THAT(smallest_margins(rows, pool, {.count = 3, .picked = {}}), ElementsAre(0, 2, 3));
    EXPECT_THAT(smallest_margins(rows, pool, {.count = 4, .picked = {}}), ElementsAre(0, 2, 3, 1));
    EXPECT_THAT(
        smallest_margins(rows, pool, {.count = 9, .picked = {}}), ElementsAre(0, 2, 3, 1, 4)
    );
    EXPECT_THAT(smallest_margins(rows, {1, 2}, {.count = 1, .picked = {0}}), ElementsAre(2));
    EXPECT_THAT(
        smallest_margins(rows, pool, {.count = 2, .duplicate_cosine = 1.0, .picked = {}}),
        ElementsAre(0, 1)
    );
}

TEST(MarginOf, IsTheGapBetweenTheTwoLargestScores) {
    Prediction row;
    EXPECT_EQ(margin_of(row), 1.0);
    row.scores = {0.2F, 0.5F, 0.3F};
    EXPECT_NEAR(margin_of(row), 0.2, 1e-6);
    row.scores = {0.4F, 0.4F, 0.2F};
    EXPECT_EQ(margin_of(row), 0.0);
    row.scores = {0.6F, 0.1F, 0.3F};
    EXPECT_NEAR(margin_of(row), 0.3, 1e-6);
}

TEST(AuditSample, TakesEachRowWithProbabilityCountOverRowsOverSeeds) {
    Rng rng(3);
    std::vector<Candidate> rows;
    for (int i = 0; i < 20; ++i) {
        rows.push_back(candidate(std::to_string(i), 0.9F, {}, rng));
    }
    constexpr int kSeeds = 4000;
    std::vector<int> taken(rows.size(), 0);
    std::vector<int> both(
        rows.size(), 0
    );  // with row 0: a simple random sample, so pairs count, too
    for (int seed = 0; seed < kSeeds; ++seed) {
        const auto sample = audit_sample(rows, 5, static_cast<std::uint64_t>(seed));
        ASSERT_EQ(sample.size(), 5U);
        const bool has_first = std::find(sample.begin(), sample.end(), 0U) != sample.end();
        for (const std::size_t place : sample) {
            ++taken[place];
            both[place] += has_first ? 1 : 0;
        }
    }
    const auto near = [](int count, double p) {
        const double deviation = std::sqrt(p * (1 - p) / kSeeds);
        return std::abs(static_cast<double>(count) / kSeeds - p) < 4.5 * deviation;
    };
    for (std::size_t i = 0; i < rows.size(); ++i) {
        EXPECT_TRUE(near(taken[i], 5.0 / 20)) << i << ": " << taken[i];
        if (i > 0) {
            EXPECT_TRUE(near(both[i], 5.0 / 20 * 4 / 19)) << i << ": " << both[i];
        }
    }
}

TEST(GroupBook, FollowsTheHashUnlessThePastBinds) {
    GroupBook book;
    int holdouts = 0;
    for (int i = 0; i < 4000; ++i) {
        holdouts += book.is_holdout(sha256(std::to_string(i)), 0.5) ? 1 : 0;
        EXPECT_FALSE(book.is_holdout(sha256(std::to_string(i)), 0.0));
    }
    EXPECT_NEAR(holdouts, 2000, 142);  // 4.5 deviations
    const auto group = sha256("g");
    book.open(group).trained = true;
    EXPECT_FALSE(book.is_holdout(group, 1.0));
    book.open(group).tested = true;
    EXPECT_TRUE(book.is_holdout(group, 0.0));
}

TEST(Selection, AnUndoneAnswerStillBarsAGroupFromTheHoldOut) {
    World world;
    world.fresh("a", 1);
    world.answer(sha256("a"), false);
    world.undo_last(sha256("a"));
    auto plan = world.plan(1, 1);
    plan.holdout_share = 1.0;
    ASSERT_TRUE(world.choose(plan));
    EXPECT_FALSE(world.tasks(plan).at(0).holdout);
}

/// Months of serving with duplicates, answers, skips and late answers.
void check_turns(std::uint64_t seed) {
    World world(seed);
    auto& rng = world.rng();
    std::map<std::string, std::string> group_of;
    std::vector<std::string> texts;
    std::vector<LabelTask> open;
    std::map<Digest, std::set<bool>> sides;  // of each group: hold-out or not
    for (int turn = 1; turn <= 6; ++turn) {
        for (int i = 0; i < 40; ++i) {
            if (texts.empty() || rng.uniform() < 0.6) {
                const auto text = std::to_string(turn) + "-" + std::to_string(i);
                const bool joins = !texts.empty() && rng.uniform() < 0.2;
                const auto group = joins ? group_of.at(texts[rng.below(texts.size())]) : text;
                group_of[text] = group;
                world.example(text, group);
                texts.push_back(text);
            }
            world.serve(
                texts[rng.below(texts.size())],
                turn,
                0.5F + 0.5F * static_cast<float>(rng.uniform())
            );
        }
        const auto plan = world.plan(turn, 15);
        const auto summary = world.choose(plan);
        ASSERT_TRUE(summary.has_value());
        ASSERT_TRUE(summary->questions <= 15);
        for (const auto& task : world.tasks(plan)) {
            sides[task.group].insert(task.holdout);
            open.push_back(task);
        }
        rng.shuffle(open);
        while (open.size() > 5) {
            if (rng.uniform() < 0.8) {
                world.answer(open.back().item, open.back().holdout);
            }
            open.pop_back();
        }
    }
    for (const auto& [group, holdout] : sides) {
        ASSERT_TRUE(holdout.size() == 1U);
    }
}

TEST(Selection, NoGroupIsEverBothHoldOutAndTrainingData) {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        SCOPED_TRACE(seed);
        check_turns(seed);
        if (HasFatalFailure()) {
            return;
        }
    }
}

}  // namespace
}  // namespace flywheel::selection
