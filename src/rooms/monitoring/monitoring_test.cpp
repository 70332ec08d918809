// SPDX-License-Identifier: Apache-2.0
#include "rooms/monitoring/monitoring.h"

#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json_value.h"
#include "memory_captured.h"
#include "ports/ledger/sqlite/sqlite_ledger.h"
#include "rooms/monitoring/simulated_stream.h"

namespace flywheel::monitoring {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const Time kStart = parse_time("2017-01-01").value();
constexpr Duration kMonth = std::chrono::hours(24 * 30);

struct World {
    flywheel::testing::MemoryCaptured captured;
    std::unique_ptr<Ledger> ledger = sqlite::open_in_memory().value();
    SimulatedStream stream{107};
    Rng rng{109};
    Monitoring monitoring{
        captured,
        Reader<LabelTask>(*ledger),
        Reader<LabelEvent>(*ledger),
        Writer<Profile>(*ledger),
        Writer<Incident>(*ledger)
    };
    int months = 0;
    std::int64_t version = 1;

    /// The plan of the last month served.
    [[nodiscard]] Plan plan() const {
        Plan made;
        made.model = "news";
        made.version = version;
        made.classes = SimulatedStream::classes();
        made.labels = {"sports"};
        made.window = {kStart + kMonth * (months - 1), kStart + kMonth * months};
        made.now = made.window.end;
        return made;
    }

    /// Serves a month of so many rows.
    void serve(int rows) {
        ++months;
        stream.version = std::to_string(version);
        const Duration step = kMonth / (rows + 1);
        Time time = plan().window.begin;
        for (auto& row : stream.rows(rows)) {
            row.time = time += step;
            row.id = Id<Prediction>::random(time, rng);
            captured.add(row);
        }
    }

    Watch month(int rows = 200) {
        serve(rows);
        return monitoring.watch(plan()).value();
    }

    std::vector<Incident> incidents() {
        return Reader<Incident>(*ledger).select(Where<Incident>().order(&Incident::opened)).value();
    }
};

TEST(Watch, TheFirstWindowsAreTheReference) {
    World world;
    EXPECT_TRUE(world.month().profile.reference);
    const Watch second = world.month();
    EXPECT_TRUE(second.profile.reference);
    EXPECT_FALSE(second.tested);
    const Watch third = world.month();
    EXPECT_FALSE(third.profile.reference);
    EXPECT_TRUE(third.tested);
    EXPECT_EQ(third.profile.rows, 200);
    EXPECT_GT(third.profile.class_effect, 0);
    EXPECT_LT(third.profile.class_p, 1);
    EXPECT_LT(third.profile.embedding_p, 1);
    EXPECT_GT(third.profile.evidence, 0);
}

TEST(Watch, ASteadyWorldRaisesNoIncident) {
    World world;
    for (int i = 0; i < 12; ++i) {
        world.month();
    }
    EXPECT_TRUE(world.incidents().empty());
}

TEST(Watch, AChangedClassMixOpensOneIncidentWithItsNumbers) {
    World world;
    for (int i = 0; i < 3; ++i) {
        world.month();
    }
    world.stream.share_of_first = 0.68;
    const Watch changed = world.month();
    ASSERT_TRUE(changed.opened.has_value());
    EXPECT_TRUE(changed.incident_open);
    EXPECT_EQ(changed.opened->families, "classes, embedding");
    EXPECT_THAT(changed.opened->sentence, HasSubstr("the share of class 'sports' went from"));
    EXPECT_THAT(changed.opened->sentence, HasSubstr("at most one false alarm in 90 days"));
    EXPECT_GE(changed.opened->evidence, 90);
    const Json numbers = parse_json(changed.opened->numbers.text).value();
    EXPECT_GT(numbers["classes"]["m"], 90);
    EXPECT_EQ(numbers["classes"]["gate"], 0.02);
    EXPECT_LE(numbers["classes"]["n_used"], 40);
    const Watch next = world.month();
    EXPECT_FALSE(next.opened.has_value());
    EXPECT_TRUE(next.incident_open);
    EXPECT_EQ(world.incidents().size(), 1U);
}

TEST(Watch, AnIncidentClosesAfterThreeQuietWindowsAndCanComeAgain) {
    World world;
    for (int i = 0; i < 3; ++i) {
        world.month(400);
    }
    world.stream.share_of_first = 0.68;
    ASSERT_TRUE(world.month(400).opened.has_value());
    world.stream.share_of_first = 0.14;
    int quiet = 0;
    while (world.month(400).incident_open && quiet < 12) {
        ++quiet;
    }
    EXPECT_GE(quiet, 2);
    EXPECT_LT(quiet, 12);
    ASSERT_EQ(world.incidents().size(), 1U);
    EXPECT_EQ(world.incidents()[0].state, IncidentState::Closed);
    EXPECT_EQ(world.incidents()[0].closed, world.plan().window.end);
    world.stream.share_of_first = 0.68;
    EXPECT_TRUE(world.month(400).opened.has_value());
}

TEST(Watch, APromotionSupersedesIncidentsAndStartsANewReference) {
    World world;
    for (int i = 0; i < 3; ++i) {
        world.month();
    }
    world.stream.share_of_first = 0.68;
    ASSERT_TRUE(world.month().opened.has_value());
    world.version = 2;
    const Watch fresh = world.month();
    EXPECT_TRUE(fresh.profile.reference);
    EXPECT_FALSE(fresh.incident_open);
    EXPECT_EQ(fresh.profile.evidence, 0);
    EXPECT_EQ(world.incidents()[0].state, IncidentState::Superseded);
    world.month();
    EXPECT_TRUE(world.month().tested);  // Against 68 %, which is normal now.
    EXPECT_EQ(world.incidents().size(), 1U);
}

TEST(Watch, AVersionThatComesBackIsMeasuredAnew) {
    World world;
    for (int i = 0; i < 3; ++i) {
        world.month();
    }
    world.version = 2;
    world.month();
    world.version = 1;
    EXPECT_TRUE(world.month().profile.reference);
}

TEST(Watch, ASecondRunFindsTheFirstOnesProfile) {
    World world;
    for (int i = 0; i < 3; ++i) {
        world.month();
    }
    world.stream.share_of_first = 0.68;
    const Watch first = world.month();
    const Watch second = world.monitoring.watch(world.plan()).value();
    EXPECT_EQ(to_json_text(first.profile), to_json_text(second.profile));
    ASSERT_TRUE(second.opened.has_value());
    EXPECT_EQ(to_json_text(*first.opened), to_json_text(*second.opened));
    EXPECT_EQ(second.tested, first.tested);
    EXPECT_TRUE(second.incident_open);
    EXPECT_EQ(world.incidents().size(), 1U);
}

TEST(Watch, SmallWindowsAreCarriedUntilThereAreEnoughRows) {
    World world;
    world.month(400);
    EXPECT_FALSE(world.month(60).tested);
    const Watch both = world.month(60);
    EXPECT_TRUE(both.tested);
    EXPECT_EQ(both.profile.rows, 60);
    EXPECT_FALSE(world.month(60).tested);
}

TEST(Watch, AWindowWithoutRowsIsShownAndNotTested) {
    World world;
    world.month(400);
    const Watch empty = world.month(0);
    EXPECT_EQ(empty.profile.rows, 0);
    EXPECT_FALSE(empty.tested);
    EXPECT_EQ(empty.profile.class_p, 1);
}

TEST(Watch, OnlyRowsOfTheWatchedVersionCount) {
    World world;
    world.month(400);
    world.serve(200);
    Prediction other = world.stream.rows(1).front();
    other.version = "9";
    other.time = world.plan().window.begin;
    world.captured.add(other);
    EXPECT_EQ(world.monitoring.watch(world.plan()).value().profile.rows, 200);
}

TEST(Watch, RowsKeptMoreOftenAreThinnedToAUniformSample) {
    World world;
    ++world.months;
    for (int i = 0; i < 2; ++i) {
        for (auto& row : world.stream.rows(1000)) {
            row.time = world.plan().window.begin;
            row.id = Id<Prediction>::random(row.time, world.rng);
            row.propensity = i == 0 ? 1.0 : 0.25;
            world.captured.add(row);
        }
    }
    EXPECT_NEAR(
        static_cast<double>(world.monitoring.watch(world.plan()).value().profile.rows), 1250, 60
    );
}

TEST(Watch, RefusesAPlanWithoutWindowOrClasses) {
    World world;
    Plan plan;
    plan.model = "news";
    EXPECT_EQ(world.monitoring.watch(plan).error().code, Code::InvalidArgument);
}

struct Audits : World {
    std::int64_t events = 0;

    LabelTask audit(bool right, double probability = 0.04, Arm arm = Arm::Audit) {
        ++events;
        LabelTask task;
        task.id = Id<LabelTask>::random(kStart, rng);
        task.model = "news";
        task.item = sha256("item " + std::to_string(events));
        task.prediction = Id<Prediction>::random(kStart + std::chrono::minutes(events), rng);
        task.turn = Id<Turn>::derived(kStart, "turn");
        task.arm = arm;
        task.rank = events;
        task.probability = probability;
        task.window_begin = kStart;
        task.window_end = kStart + kMonth;
        task.suggested = right ? 1 : 0;
        Writer<LabelTask>(*ledger).insert(task).value();
        return task;
    }

    LabelEvent answer(const LabelTask& task, std::int64_t choice = 1) {
        LabelEvent event;
        event.id = Id<LabelEvent>::random(kStart, rng);
        event.seq = ++seq;
        event.model = "news";
        event.item = task.item;
        event.task = task.id;
        event.actor = "kim";
        event.choice = choice;
        Writer<LabelEvent>(*ledger).insert(event).value();
        return event;
    }

    [[nodiscard]] AuditedAccuracy accuracy() const {
        return monitoring.audited_accuracy("news", {kStart, kStart + kMonth}).value();
    }

    std::int64_t seq = 0;
};

TEST(AuditedAccuracy, IsTheHajekMeanWithAWilsonInterval) {
    Audits world;
    // The specification's vector: y = (1, 0, 1), pi = (.5, .5, .25), mean .75.
    world.answer(world.audit(true, 0.5));
    world.answer(world.audit(false, 0.5));
    world.answer(world.audit(true, 0.25));
    const AuditedAccuracy got = world.accuracy();
    EXPECT_EQ(got.n, 3);
    EXPECT_EQ(got.right, 2);
    EXPECT_NEAR(got.accuracy, 0.75, 1e-12);
    EXPECT_NEAR(got.n_effective, 64.0 / 24, 1e-12);
    EXPECT_LT(got.lower, 0.4);
    EXPECT_GT(got.upper, 0.9);
}

TEST(AuditedAccuracy, CountsWhatIsMissingAndIgnoresOtherArms) {
    Audits world;
    world.answer(world.audit(true));
    world.audit(false);
    world.answer(world.audit(false, 1, Arm::Strategy));
    auto taken_back = world.answer(world.audit(false));
    LabelEvent undo = taken_back;
    undo.id = Id<LabelEvent>::random(kStart, world.rng);
    undo.seq = ++world.seq;
    undo.action = LabelAction::Undo;
    undo.choice = std::nullopt;
    undo.target = taken_back.id;
    Writer<LabelEvent>(*world.ledger).insert(undo).value();
    const AuditedAccuracy got = world.accuracy();
    EXPECT_EQ(got.n, 1);
    EXPECT_EQ(got.missing, 2);
    EXPECT_EQ(got.accuracy, 1);
}

TEST(AuditedAccuracy, WithoutAuditsEverythingIsPossible) {
    Audits world;
    EXPECT_EQ(world.accuracy().n, 0);
    EXPECT_EQ(world.accuracy().lower, 0);
    EXPECT_EQ(world.accuracy().upper, 1);
}

TEST(AuditedAccuracy, AnAuditWithoutItsProbabilityIsCorrupt) {
    Audits world;
    world.audit(true, 0);
    EXPECT_EQ(
        world.monitoring.audited_accuracy("news", {kStart, kStart + kMonth}).error().code,
        Code::Corrupt
    );
}

TEST(LastAudits, ComeOldestFirstAndOnlyWhenLabelled) {
    Audits world;
    world.answer(world.audit(true));
    world.answer(world.audit(false));
    world.audit(true);
    world.answer(world.audit(true));
    world.answer(world.audit(false));
    const Time until = kStart + kMonth;
    EXPECT_THAT(world.monitoring.last_audits("news", until, 10).value(), ElementsAre(1, 0, 1, 0));
    EXPECT_THAT(world.monitoring.last_audits("news", until, 3).value(), ElementsAre(0, 1, 0));
    EXPECT_TRUE(world.monitoring.last_audits("news", kStart, 3).value().empty());
}

TEST(CaptureIncidents, OpenOnceWhenRowsAreMissingAndCloseWhenNoneAre) {
    World world;
    const auto note = [&](int worst, int level) {
        return world.monitoring
            .note_capture(
                {.worst_level = worst,
                 .level = level,
                 .sampled_away = 90,
                 .dropped = 7,
                 .now = kStart + std::chrono::minutes(worst + level)}
            )
            .value();
    };
    EXPECT_FALSE(note(1, 1)) << "payloads are thinned, no row is missing";
    const auto opened = note(3, 2);
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->families, kCaptureFamily);
    EXPECT_NE(opened->sentence.find("rows are dropped"), std::string::npos);
    EXPECT_NE(opened->sentence.find("90 rows sampled away, 7 dropped"), std::string::npos);
    EXPECT_FALSE(note(2, 2)) << "it is open already";
    EXPECT_FALSE(note(2, 0)) << "rows were missing a moment ago";
    const auto closed = note(0, 0);
    ASSERT_TRUE(closed);
    EXPECT_EQ(closed->state, IncidentState::Closed);
    EXPECT_FALSE(note(0, 0));
    EXPECT_EQ(world.incidents().size(), 1U);
    EXPECT_FALSE(world.month().incident_open) << "drift is another matter";
}

TEST(LabelIncidents, OpenOnceAndCloseWhenItIsOver) {
    World world;
    LabelState state;
    state.model = "news";
    state.now = kStart;
    EXPECT_TRUE(world.monitoring.note_labels(state).value().empty());
    state.disagreement = stats::contrast({40, 200}, {10, 200}, .99);
    state.pull = stats::contrast({40, 60}, {5, 30});
    const auto opened = world.monitoring.note_labels(state).value();
    ASSERT_EQ(opened.size(), 2U);
    EXPECT_EQ(opened[0].families, kPullFamily);
    EXPECT_NE(opened[0].sentence.find("40 of 60 wrong ones"), std::string::npos);
    EXPECT_EQ(opened[1].families, kDisagreementFamily);
    EXPECT_NE(opened[1].sentence.find("differ more than before: on 40"), std::string::npos);
    state.now += std::chrono::minutes(1);
    EXPECT_TRUE(world.monitoring.note_labels(state).value().empty()) << "they are open already";
    state.disagreement = stats::contrast({12, 200}, {50, 400}, .99);
    state.pull.reset();
    EXPECT_TRUE(world.monitoring.note_labels(state).value().empty());
    for (const Incident& incident : world.incidents()) {
        EXPECT_EQ(incident.state, IncidentState::Closed);
        EXPECT_EQ(incident.closed, state.now);
    }
    state.now += std::chrono::minutes(1);
    state.disagreement = stats::contrast({2, 200}, {90, 600}, .99);
    const auto again = world.monitoring.note_labels(state).value();
    ASSERT_EQ(again.size(), 1U);
    EXPECT_NE(again[0].sentence.find("differ less"), std::string::npos);
    EXPECT_EQ(world.incidents().size(), 3U);
    EXPECT_FALSE(world.month().incident_open) << "drift is another matter";
}

}  // namespace
}  // namespace flywheel::monitoring
