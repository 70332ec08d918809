// SPDX-License-Identifier: Apache-2.0
#include "rooms/release/release.h"

#include <cmath>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "ports/ledger/faulty_ledger.h"
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

    void versions(std::int64_t last, std::int64_t first = 1) {
        for (std::int64_t number = first; number <= last; ++number) {
            version(number);
        }
    }

    Wish wish(std::int64_t version, double share = 1, const std::string& who = "kim") {
        return {
            .model = "news",
            .version = version,
            .share = share,
            .who = who,
            .reason = "",
            .now = tick()
        };
    }

    RolloutLabels labels() { return release.standing("news").value().labels(); }

    /// Versions 1 and 2 were promoted, and 3 answers 5 %.
    void begin_canary() {
        versions(3);
        release.promote(wish(1)).value();
        release.promote(wish(2)).value();
        release.start_canary(wish(3, 0.05)).value();
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
    EXPECT_FALSE(world.release.first("news").value().has_value());
}

TEST(Release, KnowsWhichVersionCameFirst) {
    World world;
    world.versions(3);
    world.release.promote(world.wish(2)).value();
    world.release.promote(world.wish(3)).value();
    EXPECT_EQ(world.release.first("news").value()->number, 2);
    world.release.rollback("news", "kim", "slow", world.tick()).value();
    world.release.promote(world.wish(1)).value();
    EXPECT_EQ(world.release.first("news").value()->number, 2);
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
    world.release.promote(world.wish(1)).value();
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
        world.release.promote(world.wish(1)).value();
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
    world.release.promote(world.wish(1)).value();
    const auto evaluation = world.evaluation(second, first, Verdict::Promote);
    world.release.promote(world.wish(3)).value();
    const auto outcome = world.release.act({.now = world.tick()}, evaluation).value();
    EXPECT_FALSE(outcome.moved);
    EXPECT_THAT(outcome.reason, HasSubstr("judge again"));
    EXPECT_EQ(world.served(), 3);
}

TEST(Release, DoesNotReleaseAVersionThatWasRolledBackUnlessAPersonSaysSo) {
    World world;
    const auto first = world.version(1);
    const auto second = world.version(2);
    world.release.promote(world.wish(1)).value();
    world.release.promote(world.wish(2)).value();
    world.release.rollback("news", "kim", "wrong answers", world.tick()).value();
    const auto evaluation = world.evaluation(second, first, Verdict::Promote);
    const auto outcome = world.release.act({.now = world.tick()}, evaluation).value();
    EXPECT_FALSE(outcome.moved);
    EXPECT_THAT(outcome.reason, HasSubstr("rolled back before"));
    EXPECT_TRUE(world.release.promote(world.wish(2)).has_value());
    EXPECT_EQ(world.served(), 2);
}

TEST(Release, UnknownVersionsAndEvaluationsAreNotFound) {
    World world;
    EXPECT_EQ(world.release.promote(world.wish(7)).error().code, Code::NotFound);
    Evaluation unknown;
    unknown.id = Id<Evaluation>::derived(kStart, "nowhere");
    EXPECT_EQ(world.release.act({.now = world.tick()}, unknown).error().code, Code::NotFound);
    EXPECT_TRUE(world.rollouts().empty());
}

TEST(Release, PromotingTheServedVersionMovesNothing) {
    World world;
    world.version(1);
    const auto first = world.release.promote(world.wish(1)).value();
    EXPECT_EQ(world.release.promote(world.wish(1, 1, "lee")).value().id, first.id);
    EXPECT_EQ(world.rollouts().size(), 1U);
}

TEST(Release, TwoRollbacksGoBackTwoVersions) {
    World world;
    for (std::int64_t number = 1; number <= 3; ++number) {
        world.version(number);
        world.release.promote(world.wish(number)).value();
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

TEST(Release, ACanaryAnswersAShareAndStableStays) {
    World world;
    world.versions(2);
    world.release.promote(world.wish(1)).value();
    const auto first = world.release.start_canary(world.wish(2, 0.05)).value();
    EXPECT_EQ(first.rollout, first.id);
    EXPECT_EQ(world.labels(), (RolloutLabels{.stable = 1, .canary = 2}));
    const auto wider = world.release.set_share(world.wish(0, 0.25)).value();
    EXPECT_EQ(wider.rollout, first.id);  // the same people stay on it
    EXPECT_EQ(wider.step, 1);
    EXPECT_EQ(wider.state, RolloutState::Canary);
    EXPECT_EQ(world.served(), 1);
    const auto done = world.release.finish(world.wish(0)).value();
    EXPECT_EQ(done.rollout, first.id);
    EXPECT_EQ(done.reason, "kim released version 2.");
    EXPECT_EQ(world.labels(), (RolloutLabels{.stable = 2, .previous = 1}));
}

TEST(Release, AShadowBecomesACanaryOfTheSameRollout) {
    World world;
    world.versions(3);
    world.release.promote(world.wish(1)).value();
    const auto shadow = world.release.start_shadow(world.wish(2)).value();
    EXPECT_EQ(world.labels(), (RolloutLabels{.stable = 1, .shadow = 2}));
    EXPECT_EQ(world.release.start_canary(world.wish(3, 0.1)).error().code, Code::Conflict);
    const auto canary = world.release.start_canary(world.wish(2, 0.1)).value();
    EXPECT_EQ(canary.rollout, shadow.id);
    EXPECT_EQ(world.labels(), (RolloutLabels{.stable = 1, .canary = 2}));
    EXPECT_EQ(world.release.start_shadow(world.wish(2)).error().code, Code::Conflict);
}

TEST(Release, RollbackTakesBackALiveCanaryAndNothingElse) {
    World world;
    const auto first = world.version(1);
    const auto second = world.version(2);
    world.release.promote(world.wish(1)).value();
    world.release.start_canary(world.wish(2, 0.05)).value();
    const auto back = world.release.rollback("news", "kim", "errors", world.tick()).value();
    EXPECT_EQ(back.from_version, 2);
    EXPECT_EQ(back.to_version, 1);
    EXPECT_EQ(world.labels(), RolloutLabels{.stable = 1});
    const auto evaluation = world.evaluation(second, first, Verdict::Promote);
    EXPECT_THAT(
        world.release.act({.now = world.tick()}, evaluation)->reason,
        HasSubstr("rolled back before")
    );
}

TEST(Release, RollbackOfStableEndsAShadow) {
    World world;
    world.versions(3);
    world.release.promote(world.wish(1)).value();
    world.release.promote(world.wish(2)).value();
    world.release.start_shadow(world.wish(3)).value();
    EXPECT_EQ(world.release.rollback("news", "kim", "errors", world.tick())->to_version, 1);
    EXPECT_EQ(world.labels(), RolloutLabels{.stable = 1});
    EXPECT_EQ(world.rollouts().size(), 5U);
}

TEST(Release, TheLoopWaitsForALiveRollout) {
    World world;
    const auto first = world.version(1);
    world.versions(2, 2);
    const auto third = world.version(3);
    world.release.promote(world.wish(1)).value();
    world.release.start_canary(world.wish(2, 0.05)).value();
    const auto evaluation = world.evaluation(third, first, Verdict::Promote);
    const auto outcome = world.release.act({.now = world.tick()}, evaluation).value();
    EXPECT_FALSE(outcome.moved);
    EXPECT_THAT(outcome.reason, HasSubstr("canary of version 2"));
}

TEST(Release, PromotingByHandEndsWhatIsLive) {
    World world;
    world.versions(3);
    world.release.promote(world.wish(1)).value();
    const auto canary = world.release.start_canary(world.wish(2, 0.05)).value();
    const auto done = world.release.promote(world.wish(2, 1, "lee")).value();
    EXPECT_EQ(done.rollout, canary.id);
    world.release.start_canary(world.wish(3, 0.05)).value();
    world.release.promote(world.wish(1, 1, "lee")).value();
    EXPECT_EQ(world.labels(), (RolloutLabels{.stable = 1, .previous = 2}));
    EXPECT_EQ(world.rollouts()[4].state, RolloutState::Cancelled);
    world.release.start_canary(world.wish(3, 0.05)).value();
    EXPECT_EQ(world.release.promote(world.wish(1, 1, "lee"))->to_version, 1);
    EXPECT_EQ(world.labels().canary, 0);  // what is served already stays, and alone
}

TEST(Release, RefusesWhatMakesNoSense) {
    World world;
    world.versions(3);
    EXPECT_EQ(world.release.start_canary(world.wish(1, 0.1)).error().code, Code::Conflict);
    world.release.promote(world.wish(1)).value();
    EXPECT_EQ(world.release.start_canary(world.wish(1, 0.1)).error().code, Code::Conflict);
    EXPECT_EQ(world.release.start_canary(world.wish(9, 0.1)).error().code, Code::NotFound);
    for (const double share : {0.0, -0.1, 1.5, std::nan("")}) {
        EXPECT_EQ(
            world.release.start_canary(world.wish(2, share)).error().code, Code::InvalidArgument
        );
    }
    EXPECT_EQ(world.release.set_share(world.wish(0, 0.1)).error().code, Code::Conflict);
    EXPECT_EQ(world.release.finish(world.wish(0)).error().code, Code::Conflict);
    EXPECT_EQ(world.release.cancel(world.wish(0)).error().code, Code::Conflict);
    EXPECT_EQ(world.rollouts().size(), 1U);
}

/// Does one step of a random history; what it was refused is no matter.
void do_step(World& world, Release& release, int step, std::int64_t number) {
    const auto now = world.tick();
    const Wish wish = world.wish(number, 0.25 * static_cast<double>(number));
    switch (step) {
        case 0:
            static_cast<void>(release.promote(wish));
            break;
        case 1:
            static_cast<void>(release.rollback("news", "kim", "x", now));
            break;
        case 2:
            static_cast<void>(release.start_shadow(wish));
            break;
        case 3:
            static_cast<void>(release.start_canary(wish));
            break;
        case 4:
            static_cast<void>(release.set_share(wish));
            break;
        case 5:
            static_cast<void>(release.finish(wish));
            break;
        default:
            static_cast<void>(release.cancel(wish));
            break;
    }
}

RC_GTEST_PROP(Release, LabelsFollowAnyHistoryOfEvents, ()) {
    World world;
    world.versions(4);  // 5 is asked for, too, and is not there
    const auto steps = *rc::gen::container<std::vector<std::pair<int, std::int64_t>>>(
        rc::gen::pair(rc::gen::inRange(0, 7), rc::gen::inRange<std::int64_t>(1, 6))
    );
    std::vector<std::int64_t> served;  // what was served, without what was taken back
    for (const auto& [step, number] : steps) {
        const auto before = world.labels();
        const auto written = world.rollouts().size();
        do_step(world, world.release, step, number);
        const auto events = world.rollouts();
        const auto labels = world.labels();
        for (std::size_t i = 0; i < events.size(); ++i) {
            RC_ASSERT(events[i].seq == static_cast<std::int64_t>(i) + 1);
        }
        for (const auto label : {labels.stable, labels.canary, labels.previous, labels.shadow}) {
            RC_ASSERT(label >= 0 && label <= 4);
        }
        RC_ASSERT(labels.canary == 0 || labels.shadow == 0);
        RC_ASSERT(labels.canary == 0 || labels.canary != labels.stable);
        const bool took_back = step == 1 && events.size() > written;
        if (took_back && before.canary == 0) {
            served.pop_back();
        } else if (labels.stable != before.stable) {
            served.push_back(labels.stable);
        }
        RC_ASSERT(labels.stable == (served.empty() ? 0 : served.back()));
        RC_ASSERT(labels.previous == (served.size() < 2 ? 0 : served[served.size() - 2]));
        RC_ASSERT(world.served() == labels.stable);
    }
}

TEST(Release, ReachesTheSameEndWhicheverLedgerCallFails) {
    for (const int step : {0, 1, 3, 4, 5, 6}) {
        SCOPED_TRACE(step);
        World whole;
        whole.begin_canary();
        do_step(whole, whole.release, step, 3);
        for (int call = 1;; ++call) {
            SCOPED_TRACE(call);
            World world;
            world.begin_canary();
            const auto before = world.labels();
            FaultyLedger faulty(*world.ledger, {.fail_at = call});
            Release shaky{
                Reader<Evaluation>(faulty), Reader<ModelVersion>(faulty), Writer<Rollout>(faulty)
            };
            do_step(world, shaky, step, 3);
            const bool done = world.rollouts().size() > 3;
            if (!done) {
                EXPECT_EQ(world.labels(), before);  // nothing half done
                do_step(world, world.release, step, 3);
            }
            EXPECT_EQ(world.labels(), whole.labels());
            if (done) {
                break;
            }
        }
    }
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
            static_cast<void>(world.release.promote(world.wish(step)));
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
