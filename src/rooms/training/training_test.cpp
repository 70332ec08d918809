// SPDX-License-Identifier: Apache-2.0
#include "rooms/training/training.h"

#include <cmath>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/json_value.h"
#include "base/rng.h"
#include "hand_engine.h"
#include "plain_ledger.h"
#include "rooms/training/jobs.h"
#include "temp_folder.h"

namespace flywheel::training {
namespace {

using testing::MemoryVault;
using testing::PlainLedger;
using testing::TempFolder;

/// Settings {"loss":x} reach a validation loss of x; {"broken":true} cannot be fitted. It dies,
/// as a killed job does, when `fits_left` have been made.
class LossyEngine final : public testing::HandEngine {
  public:
    std::vector<std::string> offered;
    mutable int fits = 0;
    mutable int fits_left = 1'000;

    Result<FittedModel> fit(
        const TrainingSet& set,
        const EngineSettings& settings,
        std::uint64_t seed,
        const FitObserver& observer
    ) const override {
        TRY(observer({1, 1, 0.5}));
        if (fits_left == 0) {
            return make_error(Code::Cancelled, "The job died here");
        }
        --fits_left;
        ++fits;
        const Json said = TRY(parse_json(settings.text));
        if (said.contains("broken")) {
            return invalid_argument("These settings cannot be fitted");
        }
        FittedModel fitted;
        fitted.valid_log_loss = said.value("loss", 1.0);
        fitted.weights = "weights of seed " + std::to_string(seed) + ", rows " +
                         std::to_string(set.train.size());
        fitted.settings = settings;
        return fitted;
    }

    [[nodiscard]] std::vector<EngineSettings> suggest(std::uint64_t, int count) const override {
        std::vector<EngineSettings> settings;
        for (int i = 0; i < count; ++i) {
            settings.push_back({offered[static_cast<std::size_t>(i) % offered.size()]});
        }
        return settings;
    }
};

Pack small_pack(int valid = 40) {
    Pack pack;
    pack.classes = 3;
    for (int i = 0; i < 100; ++i) {
        pack.rows.push_back(
            {"row " + std::to_string(i), i % 3, 1.0F, static_cast<std::uint64_t>(i), i < valid}
        );
    }
    pack.unlabelled = {"nobody said what this is"};
    return pack;
}

struct World {
    TempFolder folder;
    LossyEngine engine;
    PlainLedger ledger;
    MemoryVault vault;
    InProcessFleet fleet{{{"tune", tune_job(engine)}, {"train", train_job(engine)}}};
    Training training{fleet, vault, Writer<TrainingRun>(ledger)};
    Plan plan;

    explicit World(std::vector<std::string> offered) {
        engine.offered = std::move(offered);
        plan.model = "m";
        plan.dataset = sha256("rows");
        plan.trials = static_cast<int>(engine.offered.size());
        plan.seed = 9;
        plan.scratch = folder.path() / "turn";
        plan.now = *parse_time("2026-03-01T12:00:00Z");
    }

    Result<EngineSettings> tune() { return training.tune(plan, small_pack(), {}); }

    std::vector<TrainingRun> runs() {
        return Reader<TrainingRun>(ledger).select(Where<TrainingRun>()).value();
    }
};

std::string loss(double value) {
    return canonical(Json{{"loss", value}});
}

TEST(Tune, AClearlyBetterTrialWins) {
    World world({loss(0.9), loss(0.8), loss(0.5), loss(0.7), loss(0.6), loss(0.95)});
    EXPECT_EQ(world.tune()->text, loss(0.5));
    EXPECT_EQ(world.runs().size(), 6U);
}

TEST(Tune, ANearTieGoesToTheDefaults) {
    World world({loss(0.9), loss(0.88), loss(0.89)});
    EXPECT_EQ(world.tune()->text, loss(0.9));
}

TEST(Tune, SettingsThatCannotBeFittedLoseAndAreKeptWithTheirError) {
    World world({R"({"broken":true})", loss(0.9), loss(1.2)});
    EXPECT_EQ(world.tune()->text, loss(0.9));
    const auto runs = world.runs();
    EXPECT_EQ(
        std::count_if(
            runs.begin(), runs.end(), [](const TrainingRun& run) { return !run.error.empty(); }
        ),
        1
    );
}

TEST(Tune, WhenNothingCanBeFittedItSaysWhy) {
    World world({R"({"broken":true})", R"({"broken":true})"});
    const auto tuned = world.tune();
    ASSERT_FALSE(tuned);
    EXPECT_THAT(tuned.error().message, ::testing::HasSubstr("These settings cannot be fitted"));
}

TEST(Tune, TooFewValidRowsCompareNothing) {
    World world({loss(0.9), loss(0.1)});
    const auto tuned = world.training.tune(world.plan, small_pack(29), {});
    EXPECT_EQ(tuned->text, "{}");
    EXPECT_EQ(world.engine.fits, 0);
}

// A search of six trials makes 6 + 2 fits, or one more for the defaults at full effort. Killed
// after any number of them it goes on where it was: the same end, no fit made twice.
TEST(Tune, ASearchKilledAfterAnyTrialGoesOnFromItsCheckpoint) {
    const std::vector<std::string> offered = {
        loss(0.9), loss(0.8), loss(0.5), loss(0.7), R"({"broken":true})", loss(0.95)
    };
    World straight(offered);
    const std::string expected = straight.tune()->text;
    ASSERT_GT(straight.engine.fits, 6);
    for (int killed = 0; killed < straight.engine.fits; ++killed) {
        World world(offered);
        world.engine.fits_left = killed;
        const auto dead = world.tune();
        ASSERT_FALSE(dead);
        EXPECT_EQ(dead.error().code, Code::Cancelled);
        EXPECT_TRUE(world.runs().empty());
        world.engine.fits_left = 1'000;
        const auto tuned = world.tune();
        ASSERT_TRUE(tuned) << "after " << killed << " fits: " << tuned.error().message;
        EXPECT_EQ(tuned->text, expected);
        EXPECT_EQ(world.engine.fits, straight.engine.fits);
        EXPECT_EQ(world.runs().size(), straight.runs().size());
    }
}

TEST(Tune, ATornOrForeignCheckpointIsDoneAgain) {
    World world({loss(0.9), loss(0.5), loss(0.7)});
    std::filesystem::create_directories(world.plan.scratch);
    std::ofstream(world.plan.scratch / "tune.checkpoint.jsonl")
        << R"({"key":"another dataset","trial":1,"rung":0,"loss":0.0001,"settings":{},"error":""})"
        << "\n"
        << R"({"key":")" << world.plan.dataset.hex() << R"(","trial":1,"ru)";
    EXPECT_EQ(world.tune()->text, loss(0.5));
}

TEST(Train, ARunIsMadeOnceAndFoundAgain) {
    World world({"{}"});
    const auto first = world.training.train(world.plan, small_pack(), {loss(0.4)}, {});
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_EQ(world.vault.get(*first->weights).value(), "weights of seed 4, rows 100");
    EXPECT_EQ(first->kind, RunKind::Final);
    const auto again = world.training.train(world.plan, small_pack(), {loss(0.4)}, {});
    EXPECT_EQ(again->id, first->id);
    EXPECT_EQ(world.engine.fits, 1);
}

TEST(Train, TheFinalFitLearnsFromTheValidRowsToo) {
    World world({"{}"});
    const auto run = world.training.train(world.plan, small_pack(60), {"{}"}, {});
    EXPECT_THAT(run->metrics.text, ::testing::HasSubstr(R"("train_rows":100)"));
}

TEST(Train, StopMakesItCancelled) {
    World world({"{}"});
    const auto run = world.training.train(
        world.plan, small_pack(), {"{}"}, [&](const std::string&) { world.training.stop(); }
    );
    // The only line of progress came before the last look at the flag, or after it.
    if (!run) {
        EXPECT_EQ(run.error().code, Code::Cancelled);
    }
}

RC_GTEST_PROP(PackFile, ComesBackAsItWasWritten, (std::uint64_t seed)) {
    Rng rng(seed);
    Pack pack;
    pack.classes = 1 + static_cast<std::int32_t>(rng.below(6));
    for (std::uint64_t i = rng.below(20); i > 0; --i) {
        pack.rows.push_back(
            {"\"줄\n" + std::to_string(rng.next()),
             static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(pack.classes))),
             static_cast<float>(1 + rng.below(1000)) / 7.0F,
             rng.next(),
             rng.below(2) == 1}
        );
    }
    pack.unlabelled.assign(rng.below(4), "\t이름 없음");
    const TempFolder folder;
    RC_ASSERT(write_pack(pack, folder.path() / "p").has_value());
    const Pack read = read_pack(folder.path() / "p").value();
    RC_ASSERT(read.classes == pack.classes);
    RC_ASSERT(read.unlabelled == pack.unlabelled);
    RC_ASSERT(read.rows.size() == pack.rows.size());
    for (std::size_t i = 0; i < pack.rows.size(); ++i) {
        RC_ASSERT(read.rows[i].text == pack.rows[i].text);
        RC_ASSERT(read.rows[i].label == pack.rows[i].label);
        RC_ASSERT(read.rows[i].weight == pack.rows[i].weight);
        RC_ASSERT(read.rows[i].group == pack.rows[i].group);
        RC_ASSERT(read.rows[i].valid == pack.rows[i].valid);
    }
}

TEST(PackFile, NamesTheLineThatDoesNotFit) {
    const TempFolder folder;
    const auto file = folder.path() / "p";
    EXPECT_EQ(read_pack(file).error().code, Code::NotFound);
    std::ofstream(file) << R"({"pack":1,"classes":2})" << "\n"
                        << R"({"x":"a","y":1,"w":1.0,"g":0,"v":false})" << "\n"
                        << R"({"x":"b","y":2,"w":1.0,"g":0,"v":false})" << "\n";
    EXPECT_THAT(
        read_pack(file).error().message,
        ::testing::AllOf(::testing::HasSubstr("line 3"), ::testing::HasSubstr("2 classes: 2"))
    );
    std::ofstream(file) << R"({"pack":2,"classes":2})" << "\n";
    EXPECT_EQ(read_pack(file).error().code, Code::Unsupported);
}

}  // namespace
}  // namespace flywheel::training
