// SPDX-License-Identifier: Apache-2.0
// Turn tests: a whole project replays simulated months in this process.
#include <filesystem>

#include <gtest/gtest.h>

#include "base/json_value.h"
#include "base/rng.h"
#include "temp_folder.h"
#include "turns/world.h"

namespace flywheel {
namespace {

using testing::TempFolder;
using testing::World;
using testing::WorldPlan;

TEST(Turn, ASimulatedYearTurnsTwelveTimes) {
    const TempFolder folder;
    World world(folder.path() / "p", {});
    const auto opened = world.open();
    ASSERT_TRUE(opened) << opened.error().message;
    const auto ran = world.run(12);
    ASSERT_TRUE(ran) << ran.error().message;
    const auto turns =
        Reader<Turn>(world.project().ledger()).select(Where<Turn>().order(&Turn::number));
    ASSERT_TRUE(turns);
    ASSERT_EQ(turns->size(), 13U);
    for (const auto& turn : *turns) {
        EXPECT_EQ(turn.state, TurnState::Done);
        EXPECT_FALSE(turn.verdict.empty());
        EXPECT_TRUE(turn.step.empty());
    }
    // Every served row is one Prediction, no more, no less.
    const auto rows = world.project().capture().predictions(
        "news", {turns->front().window_end, turns->back().window_end}
    );
    ASSERT_TRUE(rows);
    EXPECT_EQ(rows->size(), world.cut().periods[11].end - world.cut().train_end);
}

TEST(Turn, AsksNoMoreThanTheBudgetAndAuditsItsShare) {
    const TempFolder folder;
    World world(folder.path() / "p", {});
    ASSERT_TRUE(world.open());
    const auto ran = world.run(6);
    ASSERT_TRUE(ran) << ran.error().message;
    const auto tasks = Reader<LabelTask>(world.project().ledger()).select();
    ASSERT_TRUE(tasks);
    const auto served = world.cut().periods[5].end - world.cut().train_end;
    std::size_t audits = 0;
    std::set<Digest> asked;
    for (const auto& task : *tasks) {
        audits += task.arm == Arm::Audit ? 1 : 0;
        EXPECT_EQ(task.arm == Arm::Audit, task.probability.has_value());
        asked.insert(task.item);
    }
    EXPECT_LE(static_cast<double>(asked.size()), 0.2 * static_cast<double>(served));
    EXPECT_GT(audits, 0U);
}

TEST(Turn, TheHoldOutNeverTrains) {
    const TempFolder folder;
    World world(folder.path() / "p", {});
    ASSERT_TRUE(world.open());
    const auto ran = world.run(8);
    ASSERT_TRUE(ran) << ran.error().message;
    const auto versions = world.project().datasets().log("news");
    ASSERT_TRUE(versions);
    std::set<Digest> ever_test;
    std::set<Digest> ever_train;
    for (const auto& version : *versions) {
        const auto rows = world.project().datasets().rows_of(version.id);
        ASSERT_TRUE(rows);
        for (const auto& row : *rows) {
            (row.split == datasets::Split::Test ? ever_test : ever_train).insert(row.group);
        }
    }
    EXPECT_FALSE(ever_test.empty());
    for (const auto& group : ever_test) {
        EXPECT_FALSE(ever_train.contains(group)) << group.hex();
    }
}

TEST(Turn, SaysWhatTheFirstVersionWouldHaveAnsweredToTheSameRows) {
    const TempFolder folder;
    World world(folder.path() / "p", {});
    ASSERT_TRUE(world.open());
    const auto ran = world.run(8);
    ASSERT_TRUE(ran) << ran.error().message;
    const auto& ledger = world.project().ledger();
    const auto turns = Reader<Turn>(ledger).select(Where<Turn>().order(&Turn::number)).value();
    std::int64_t served = 0;  // by which version, in the window of the turn at hand
    bool corrected = false;
    std::size_t same_model = 0;
    std::size_t other_answers = 0;
    for (const auto& turn : turns) {
        const Json summary = parse_json(turn.summary.text).value();
        const Json audited = summary.at("audited");
        const Json never = summary.at("never_retrained");
        if (audited.at("n") == 0) {
            EXPECT_TRUE(never.is_null()) << turn.number;
        } else {
            EXPECT_EQ(never.at("version"), 1);
            EXPECT_EQ(never.at("n"), audited.at("n"));
            EXPECT_LE(never.at("lower"), never.at("accuracy"));
            EXPECT_LE(never.at("accuracy"), never.at("upper"));
            const bool as_served = never.at("right") == audited.at("right");
            // What it answers now is what it answered when it was served.
            if (served == 1 && !corrected) {
                EXPECT_EQ(never.at("accuracy"), audited.at("accuracy")) << turn.number;
                EXPECT_TRUE(as_served) << turn.number;
                ++same_model;
            }
            other_answers += served > 1 && !as_served ? 1 : 0;
        }
        served = summary.at("version").get<std::int64_t>();
        corrected = summary.at("correction").value("enabled", false);
    }
    EXPECT_GT(same_model, 0U);
    EXPECT_GT(other_answers, 0U);
}

TEST(Turn, ALostFirstVersionHoldsNoTurn) {
    const TempFolder folder;
    World world(folder.path() / "p", {});
    ASSERT_TRUE(world.open());
    ASSERT_TRUE(world.run(4));
    const auto first = world.project().release().first("news").value();
    ASSERT_GT(world.project().release().champion("news").value()->number, 1);
    const auto hex = first->artefact.hex();
    std::size_t lost = 0;
    for (const auto& file : std::filesystem::recursive_directory_iterator(folder.path())) {
        if (file.is_regular_file() && file.path().string().ends_with(hex.substr(4))) {
            lost += std::filesystem::remove(file.path()) ? 1 : 0;
        }
    }
    ASSERT_EQ(lost, 1U);
    ASSERT_TRUE(world.serve(4));
    const auto turn = world.turn(4);
    ASSERT_TRUE(turn) << turn.error().message;
    EXPECT_EQ(turn->state, TurnState::Done);
    const Json summary = parse_json(turn->summary.text).value();
    EXPECT_GT(summary.at("audited").at("n"), 0);
    EXPECT_TRUE(summary.at("never_retrained").is_null());
}

TEST(Turn, OneSeedGivesOneHistory) {
    std::string fingerprints[2];
    for (auto& fingerprint : fingerprints) {
        const TempFolder folder;
        World world(folder.path() / "p", {});
        ASSERT_TRUE(world.open());
        const auto ran = world.run(3);
        ASSERT_TRUE(ran) << ran.error().message;
        fingerprint = world.fingerprint().value();
    }
    EXPECT_EQ(fingerprints[0], fingerprints[1]);
}

TEST(Turn, ASecondOneIsRefusedWhileOneIsOpen) {
    const TempFolder folder;
    World world(folder.path() / "p", {});
    ASSERT_TRUE(world.open());
    ASSERT_TRUE(world.train_first());
    ASSERT_TRUE(world.project().conductor().open("person", world.clock().now()));
    const auto second = world.project().conductor().open("person", world.clock().now());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Code::Conflict);
}

TEST(Turn, WithoutAnyLabelItFailsAtOnceAndSaysWhy) {
    const TempFolder folder;
    World world(folder.path() / "p", {});
    ASSERT_TRUE(world.open());
    ASSERT_TRUE(world.project().conductor().open("first model", world.clock().now()));
    const auto advanced = world.project().conductor().advance();
    ASSERT_FALSE(advanced);
    EXPECT_EQ(advanced.error().code, Code::NotFound) << advanced.error().message;
    const auto turn =
        Reader<Turn>(world.project().ledger()).first(Where<Turn>().eq(&Turn::number, 1));
    EXPECT_EQ((*turn)->state, TurnState::Failed);
    EXPECT_FALSE((*turn)->error.empty());
}

TEST(Turn, LearnsTheLastWordOfFeedbackUnderWhicheverNameOfItsRow) {
    const TempFolder folder;
    World world(folder.path() / "p", {});
    ASSERT_TRUE(world.open());
    ASSERT_TRUE(world.train_first());
    ASSERT_TRUE(world.serve(0));
    const auto& asked = world.stream().rows[world.cut().periods.at(0).begin];
    auto& capture = world.project().capture();
    ASSERT_TRUE(capture.flush());
    const auto request = capture.find("news", asked.id);
    ASSERT_TRUE(request);
    Rng rng(1);
    const auto say = [&](const std::string& target, const std::string& label) {
        Feedback said;
        said.id = Id<Feedback>::random(asked.time, rng);
        said.model = "news";
        said.target = target;
        said.row = Feedback::kTheOnlyRow;
        said.label = label;
        said.at = said.arrived = asked.time;
        ASSERT_TRUE(capture.submit_feedback({said}));
    };
    say(asked.id, world.stream().labels[0]);
    say(request->rows.at(0).id.text(), world.stream().labels[1]);
    ASSERT_TRUE(world.turn(0));
    const auto learned = Reader<LabelEvent>(world.project().ledger())
                             .select(Where<LabelEvent>().eq(&LabelEvent::actor, "feedback:user"));
    ASSERT_TRUE(learned);
    ASSERT_EQ(learned->size(), 1U);
    EXPECT_EQ(learned->front().item, request->rows.at(0).payload_digest);
    EXPECT_EQ(learned->front().choice, 1);
}

TEST(Turn, EveryDecisionIsARecordWithItsNumbers) {
    const TempFolder folder;
    World world(folder.path() / "p", {});
    ASSERT_TRUE(world.open());
    ASSERT_TRUE(world.run(2));
    const auto decisions = Reader<Decision>(world.project().ledger()).select();
    ASSERT_TRUE(decisions);
    std::set<std::string> kinds;
    for (const auto& decision : *decisions) {
        kinds.insert(decision.kind);
        EXPECT_FALSE(decision.verdict.empty());
        EXPECT_TRUE(parse_json(decision.numbers.text)) << decision.numbers.text;
    }
    EXPECT_EQ(
        kinds, (std::set<std::string>{"correction", "drift", "labels", "release", "retrain"})
    );
}

}  // namespace
}  // namespace flywheel
