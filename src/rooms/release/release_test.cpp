// SPDX-License-Identifier: Apache-2.0
#include "rooms/release/release.h"

#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "ports/ledger/sqlite/sqlite_ledger.h"

namespace flywheel::release {
namespace {

using testing::HasSubstr;

const Time kStart = parse_time("2017-01-01").value();

struct World {
    std::unique_ptr<Ledger> ledger = sqlite::open_in_memory().value();
    Release release{
        Reader<Evaluation>(*ledger), Reader<ModelVersion>(*ledger), Writer<Rollout>(*ledger)
    };
    Time now = kStart;

    Time tick() { return now += std::chrono::hours(24); }

    ModelVersion version(std::int64_t number) {
        ModelVersion made;
        made.id = Id<ModelVersion>::derived(kStart, "version " + std::to_string(number));
        made.model = "news";
        made.number = number;
        made.labels = {"a", "b"};
        made.prior = {0.5, 0.5};
        made.verification = {"{}"};
        made.created = kStart;
        Writer<ModelVersion>(*ledger).insert(made).value();
        return made;
    }

    Evaluation evaluation(
        const ModelVersion& challenger, const std::optional<ModelVersion>& champion, Verdict verdict
    ) {
        Evaluation made;
        made.id = Id<Evaluation>::derived(tick(), "evaluation of " + challenger.id.text());
        made.model = "news";
        made.challenger = challenger.id;
        made.champion = champion ? std::optional(champion->id) : std::nullopt;
        made.verdict = verdict;
        made.reason = "5 to 3 on 20 hold-out items.";
        made.per_class = {"[]"};
        made.created = now;
        Writer<Evaluation>(*ledger).insert(made).value();
        return made;
    }

    std::int64_t served() {
        const auto champion = release.champion("news").value();
        return champion ? champion->number : 0;
    }

    std::vector<Rollout> rollouts() {
        return Reader<Rollout>(*ledger).select(Where<Rollout>().order(&Rollout::seq)).value();
    }
};

TEST(Release, ServesNothingBeforeTheFirstVersion) {
    World world;
    EXPECT_FALSE(world.release.champion("news").value().has_value());
}

TEST(Release, FollowsThePromoteVerdict) {
    World world;
    const auto first = world.version(1);
    const auto outcome =
        world.release.act({.now = world.tick()}, world.evaluation(first, {}, Verdict::Promote));
    ASSERT_TRUE(outcome.value().moved);
    EXPECT_EQ(outcome.value().rollout->from_version, 0);
    EXPECT_EQ(outcome.value().rollout->to_version, 1);
    EXPECT_EQ(outcome.value().rollout->who, "loop");
    EXPECT_EQ(world.served(), 1);
}

TEST(Release, ASecondRunFindsTheFirstOnesRollout) {
    World world;
    const auto evaluation = world.evaluation(world.version(1), {}, Verdict::Promote);
    const auto first = world.release.act({.now = world.tick()}, evaluation).value();
    const auto second = world.release.act({.now = world.tick()}, evaluation).value();
    EXPECT_TRUE(second.moved);
    EXPECT_EQ(second.rollout->id, first.rollout->id);
    EXPECT_EQ(second.reason, first.reason);
    EXPECT_EQ(world.rollouts().size(), 1U);
}

TEST(Release, KeepsTheChampionWhenTheVerdictIsKeep) {
    World world;
    const auto first = world.version(1);
    const auto second = world.version(2);
    world.release.promote("news", 1, "kim", world.tick()).value();
    const auto outcome =
        world.release.act({.now = world.tick()}, world.evaluation(second, first, Verdict::Keep));
    EXPECT_FALSE(outcome.value().moved);
    EXPECT_THAT(outcome.value().reason, HasSubstr("5 to 3"));
    EXPECT_EQ(world.served(), 1);
}

TEST(Release, WhenUndecidedTheFresherVersionServesUnlessItLooksWorse) {
    struct Row {
        WhenUndecided when;
        std::int64_t b, c;
        double challenger_loss, champion_loss;
        bool moves;
    };

    for (const auto& row : {
             Row{WhenUndecided::PromoteUnlessWorse, 3, 3, 2, 1, true},
             Row{WhenUndecided::PromoteUnlessWorse, 2, 3, 1, 1, true},
             Row{WhenUndecided::PromoteUnlessWorse, 2, 3, 1.1, 1, false},
             Row{WhenUndecided::Keep, 3, 0, 1, 2, false},
         }) {
        SCOPED_TRACE(row.b - row.c);
        World world;
        const auto first = world.version(1);
        const auto second = world.version(2);
        world.release.promote("news", 1, "kim", world.tick()).value();
        auto evaluation = world.evaluation(second, first, Verdict::Undecided);
        evaluation.only_challenger = row.b;
        evaluation.only_champion = row.c;
        evaluation.challenger_log_loss = row.challenger_loss;
        evaluation.champion_log_loss = row.champion_loss;
        const Plan plan{.when_undecided = row.when, .now = world.tick()};
        EXPECT_EQ(world.release.act(plan, evaluation).value().moved, row.moves);
    }
}

TEST(Release, RefusesAVerdictAboutAnotherChampion) {
    World world;
    const auto first = world.version(1);
    const auto second = world.version(2);
    world.version(3);
    world.release.promote("news", 1, "kim", world.tick()).value();
    const auto evaluation = world.evaluation(second, first, Verdict::Promote);
    world.release.promote("news", 3, "kim", world.tick()).value();
    const auto outcome = world.release.act({.now = world.tick()}, evaluation).value();
    EXPECT_FALSE(outcome.moved);
    EXPECT_THAT(outcome.reason, HasSubstr("judge again"));
    EXPECT_EQ(world.served(), 3);
}

TEST(Release, DoesNotReleaseAVersionThatWasRolledBackUnlessAPersonSaysSo) {
    World world;
    const auto first = world.version(1);
    const auto second = world.version(2);
    world.release.promote("news", 1, "kim", world.tick()).value();
    world.release.promote("news", 2, "kim", world.tick()).value();
    world.release.rollback("news", "kim", "wrong answers", world.tick()).value();
    const auto evaluation = world.evaluation(second, first, Verdict::Promote);
    const auto outcome = world.release.act({.now = world.tick()}, evaluation).value();
    EXPECT_FALSE(outcome.moved);
    EXPECT_THAT(outcome.reason, HasSubstr("rolled back before"));
    EXPECT_TRUE(world.release.promote("news", 2, "kim", world.tick()).has_value());
    EXPECT_EQ(world.served(), 2);
}

TEST(Release, UnknownVersionsAndEvaluationsAreNotFound) {
    World world;
    EXPECT_EQ(world.release.promote("news", 7, "kim", world.tick()).error().code, Code::NotFound);
    Evaluation unknown;
    unknown.id = Id<Evaluation>::derived(kStart, "nowhere");
    EXPECT_EQ(world.release.act({.now = world.tick()}, unknown).error().code, Code::NotFound);
    EXPECT_TRUE(world.rollouts().empty());
}

TEST(Release, PromotingTheServedVersionMovesNothing) {
    World world;
    world.version(1);
    const auto first = world.release.promote("news", 1, "kim", world.tick()).value();
    EXPECT_EQ(world.release.promote("news", 1, "lee", world.tick()).value().id, first.id);
    EXPECT_EQ(world.rollouts().size(), 1U);
}

TEST(Release, TwoRollbacksGoBackTwoVersions) {
    World world;
    for (std::int64_t number = 1; number <= 3; ++number) {
        world.version(number);
        world.release.promote("news", number, "kim", world.tick()).value();
    }
    const auto once = world.release.rollback("news", "kim", "slow", world.tick()).value();
    EXPECT_EQ(once.state, RolloutState::RolledBack);
    EXPECT_EQ(once.from_version, 3);
    EXPECT_EQ(world.served(), 2);
    world.release.rollback("news", "kim", "wrong", world.tick()).value();
    EXPECT_EQ(world.served(), 1);
    const auto none = world.release.rollback("news", "kim", "still wrong", world.tick());
    EXPECT_EQ(none.error().code, Code::Conflict);
    EXPECT_EQ(world.served(), 1);
}

TEST(Release, RollbackWithoutAnyReleaseIsAConflict) {
    World world;
    EXPECT_EQ(
        world.release.rollback("news", "kim", "why not", world.tick()).error().code, Code::Conflict
    );
}

RC_GTEST_PROP(Release, MovesAreGaplessAndChainFromOneToTheNext, ()) {
    World world;
    for (std::int64_t number = 1; number <= 4; ++number) {
        world.version(number);
    }
    const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 6));
    for (const int step : steps) {
        // 0 rolls back, 1 to 4 promote, 5 asks for a version that does not exist.
        if (step == 0) {
            static_cast<void>(world.release.rollback("news", "kim", "x", world.tick()));
        } else {
            static_cast<void>(world.release.promote("news", step, "kim", world.tick()));
        }
    }
    std::int64_t seq = 0;
    std::int64_t served = 0;
    for (const auto& move : world.rollouts()) {
        RC_ASSERT(move.seq == ++seq);
        RC_ASSERT(move.from_version == served);
        RC_ASSERT(move.to_version != served);
        served = move.to_version;
    }
    RC_ASSERT(world.served() == served);
}

}  // namespace
}  // namespace flywheel::release
