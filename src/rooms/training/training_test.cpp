// SPDX-License-Identifier: Apache-2.0
#include "rooms/training/training.h"

#include <cmath>
#include <fstream>
#include <map>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/json_value.h"
#include "base/rng.h"
#include "hand_engine.h"
#include "plain_ledger.h"
#include "rooms/training/jobs.h"
#include "rooms/training/peak_memory.h"
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
        const Json said = TRY(parse_json(settings.text));
        const auto passes = said.value("passes", std::int64_t{3});
        const double from = said.value("loss", 1.0);
        for (std::int64_t pass = 1; pass <= passes; ++pass) {
            TRY(observer({pass, passes + 1, from + 1.0 / static_cast<double>(pass)}));
        }
        TRY(observer({passes + 1, passes + 1, 9.0, true}));  // no loss of the fit that is kept
        if (fits_left == 0) {
            return make_error(Code::Cancelled, "The job died here");
        }
        --fits_left;
        ++fits;
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

std::string curve_of(const TrainingRun& run) {
    return canonical(parse_json(run.metrics.text).value().at("curve"));
}

TEST(Curves, TrialsAndTheFinalFitKeepTheirsWithoutPassesThatOnlyJudge) {
    World world({loss(0.5), R"({"broken":true})", loss(0.25)});
    ASSERT_TRUE(world.tune());
    std::map<std::int64_t, std::string> curves;
    for (const auto& run : world.runs()) {
        curves[run.trial] = curve_of(run);
    }
    EXPECT_EQ(curves[0], "[[1,1.5],[2,1.0],[3,0.833333]]");
    EXPECT_EQ(curves[1], "[[1,2.0],[2,1.5],[3,1.33333]]");  // until it was refused
    EXPECT_EQ(curves[2], "[[1,1.25],[2,0.75],[3,0.583333]]");
    const auto final_fit = world.training.train(world.plan, small_pack(), {loss(0.5)}, {});
    EXPECT_EQ(curve_of(*final_fit), curves[0]);
}

TEST(Curves, ASearchThatGoesOnFromItsCheckpointHasThoseOfAStraightOne) {
    const std::vector<std::string> offered = {loss(0.9), loss(0.5), loss(0.7)};
    World straight(offered);
    ASSERT_TRUE(straight.tune());
    World world(offered);
    world.engine.fits_left = 2;
    ASSERT_FALSE(world.tune());
    world.engine.fits_left = 1'000;
    ASSERT_TRUE(world.tune());
    for (std::size_t i = 0; i < straight.runs().size(); ++i) {
        EXPECT_EQ(world.runs()[i].metrics.text, straight.runs()[i].metrics.text);
    }
}

TEST(Curves, ALongOneIsThinnedAndKeepsItsEnds) {
    World world({R"({"passes":2500})"});
    const auto run = world.training.train(world.plan, small_pack(), {R"({"passes":2500})"}, {});
    const Json curve = parse_json(run->metrics.text).value().at("curve");
    ASSERT_EQ(curve.size(), kCurvePointsMost);
    EXPECT_EQ(curve.front()[0], 1);
    EXPECT_EQ(curve.back()[0], 2500);
    EXPECT_TRUE(thinned({}).empty());
}

TEST(Curves, AreSeenToGrowWhileTheJobRuns) {
    World world({loss(0.9), loss(0.5)});
    EXPECT_FALSE(world.training.fits().now());
    std::vector<std::string> seen;
    std::set<std::uint64_t> changes;
    const auto look = [&](const std::string& /*line*/) {
        const auto now = world.training.fits().now().value();
        EXPECT_EQ(now.kind, RunKind::Trial);
        EXPECT_EQ(now.trials, 2);
        changes.insert(world.training.fits().change());
        for (const Fit& fit : now.fits) {
            seen.push_back(fmt::format(
                "{}.{}: {}/{} {}{}",
                fit.trial,
                fit.rung,
                fit.step,
                fit.steps,
                fit.curve.size(),
                fit.ended ? fmt::format(" {}", fit.loss.value_or(-1)) : ""
            ));
        }
    };
    ASSERT_TRUE(world.training.tune(world.plan, small_pack(), look));
    const std::vector<std::string> first = {
        "0.0: 1/4 1", "0.0: 2/4 2", "0.0: 3/4 3", "0.0: 4/4 3", "0.0: 4/4 3 0.9"
    };
    ASSERT_GT(seen.size(), first.size() + 2);
    EXPECT_EQ(std::vector(seen.begin(), seen.begin() + 5), first);
    EXPECT_EQ(seen[5], first.back());  // beside the second trial
    EXPECT_EQ(seen[6], "1.0: 1/4 1");
    EXPECT_EQ(seen.back(), "1.1: 4/4 3 0.5");
    EXPECT_GE(changes.size(), 15U);
    EXPECT_FALSE(world.training.fits().now());
}

TEST(Curves, OfTrialsThatAnEarlierJobMadeAreSeenToo) {
    World world({loss(0.9), loss(0.5), loss(0.7)});
    world.engine.fits_left = 2;
    ASSERT_FALSE(world.tune());
    world.engine.fits_left = 1'000;
    std::optional<FitsUnderWay> first;
    ASSERT_TRUE(world.training.tune(world.plan, small_pack(), [&](const std::string& /*line*/) {
        first = first ? first : world.training.fits().now();
    }));
    ASSERT_EQ(first->fits.size(), 1U);
    EXPECT_TRUE(first->fits[0].ended);
    EXPECT_EQ(first->fits[0].loss, 0.9);
    EXPECT_EQ(first->fits[0].curve.size(), 3U);
}

TEST(Fits, LinesOfAnotherFormArePassedOver) {
    Fits fits;
    const std::string line =
        R"({"name":"loss","trial":0,"rung":0,"step":1,"steps":2,"pass":1,"value":0.5})";
    fits.take(line);
    EXPECT_FALSE(fits.now());  // no job is under way
    const Fits::Job job(fits, {.turn = {}, .kind = RunKind::Final, .fits = {}});
    for (const char* other :
         {"", "[]", "{}", R"({"name":"loss","trial":"x"})", R"({"name":"step","trial":0,"rung":0})"
         }) {
        fits.take(other);
    }
    EXPECT_TRUE(fits.now()->fits.empty());
    fits.take(line);
    EXPECT_EQ(fits.now()->fits.size(), 1U);
}

TEST(PeakMemory, IsThatOfWhatWasDoneSinceNotOfWhatWasBefore) {
    constexpr std::size_t kLarge = std::size_t{256} << 20U;
    const auto fill = [](std::size_t bytes) {
        const std::vector<char> held(bytes, 'x');
        return held.back();
    };
    const PeakMemory all;
    EXPECT_EQ(fill(kLarge), 'x');
    if (!all.bytes()) {
        GTEST_SKIP() << "this kernel does not let the mark be set";
    }
    EXPECT_GT(*all.bytes(), static_cast<std::int64_t>(kLarge));
    const PeakMemory after;
    EXPECT_EQ(fill(1024), 'x');
    EXPECT_LT(*after.bytes(), static_cast<std::int64_t>(kLarge));
}

TEST(Tune, ATrialSaysItsMemoryWhereItIsKnown) {
    World world({loss(0.9), loss(0.5)});
    ASSERT_TRUE(world.tune());
    const bool known = PeakMemory().bytes().has_value();
    for (const auto& run : world.runs()) {
        EXPECT_EQ(run.peak_rss_bytes > 0, known);
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
