// SPDX-License-Identifier: Apache-2.0
#include "rooms/evaluation/evaluation.h"

#include <cmath>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hash.h"
#include "memory_captured.h"
#include "ports/ledger/sqlite/sqlite_ledger.h"
#include "ports/vault/folder/folder_vault.h"
#include "temp_folder.h"

namespace flywheel::evaluation {
namespace {

using ::testing::HasSubstr;

const Time kStart = parse_time("2017-01-01").value();
const std::vector<std::string> kLabels = {"economy", "sports"};

/// A model that reads its answer from the text: the digit after '#' is what version n says, e.g.
/// "1,0#" for versions 1 and 2. So a test chooses every outcome.
class ScriptedModel final : public Model {
  public:
    ScriptedModel(std::size_t place, std::int32_t classes) : place_(place), classes_(classes) {}

    [[nodiscard]] std::int32_t classes() const override { return classes_; }

    [[nodiscard]] std::int32_t embedding_size() const override { return 0; }

    [[nodiscard]] std::size_t memory_bytes() const override { return 0; }

    void predict(std::string_view text, std::span<float> scores, std::span<float>) const override {
        const auto said = static_cast<std::size_t>(text.at(place_) - '0');
        std::fill(scores.begin(), scores.end(), 0.1F);
        scores[said] = 0.9F;
    }

  private:
    std::size_t place_;
    std::int32_t classes_;
};

class ScriptedEngine final : public Engine {
  public:
    [[nodiscard]] std::string_view name() const override { return "scripted"; }

    Result<FittedModel>
    fit(const TrainingSet&,
        const EngineSettings&,
        std::uint64_t,
        const FitObserver&) const override {
        return make_error(Code::Unsupported, "A scripted engine does not learn");
    }

    Result<std::string> pack(std::string_view weights) const override {
        return std::string(weights);
    }

    /// Artefact: "<place in the text> <classes>".
    Result<std::shared_ptr<const Model>> load(std::string_view artefact) const override {
        if (artefact.size() != 3) {
            return corrupt("Not a scripted artefact");
        }
        return std::shared_ptr<const Model>(
            std::make_shared<ScriptedModel>(artefact[0] - '0', artefact[2] - '0')
        );
    }

    [[nodiscard]] std::vector<EngineSettings> suggest(std::uint64_t, int) const override {
        return {};
    }

    [[nodiscard]] EngineSettings at_effort(const EngineSettings& settings, double) const override {
        return settings;
    }
};

struct World {
    flywheel::testing::TempFolder folder;
    std::unique_ptr<Vault> vault = folder::open(folder.path()).value();
    ScriptedEngine engine;
    flywheel::testing::MemoryCaptured captured;
    std::unique_ptr<Ledger> ledger = sqlite::open_in_memory().value();
    Rng rng{61};
    std::int64_t seq = 0;
    Evaluator evaluator{
        *vault,
        engine,
        captured,
        Reader<LabelTask>(*ledger),
        Reader<LabelEvent>(*ledger),
        Reader<ModelVersion>(*ledger),
        Reader<Example>(*ledger),
        Writer<Evaluation>(*ledger),
        Writer<Correction>(*ledger)
    };

    ModelVersion version(std::int64_t number, std::vector<double> prior = {0.5, 0.5}) {
        ModelVersion made;
        made.id = Id<ModelVersion>::derived(kStart, "version " + std::to_string(number));
        made.model = "news";
        made.number = number;
        made.labels = kLabels;
        made.prior = std::move(prior);
        made.artefact = vault->put(std::to_string(number - 1) + " 2").value();
        made.verification = {"{}"};
        Writer<ModelVersion>(*ledger).insert(made).value();
        return made;
    }

    Prediction serve(Time time, float second, const std::string& version = "1") {
        auto row = flywheel::testing::served_row(
            "news", "text " + std::to_string(++seq), time, {1 - second, second}, rng
        );
        row.version = version;
        row.payload.clear();  // only its digest was kept, so the scores it was served with count
        captured.add(row);
        return row;
    }

    void audit(const Prediction& row, std::int64_t label) {
        LabelTask task;
        task.id = Id<LabelTask>::random(row.time, rng);
        task.model = "news";
        task.item = row.payload_digest;
        task.prediction = row.id;
        task.turn = Id<Turn>::derived(kStart, "turn");
        task.probability = 0.04;
        task.rank = seq;
        task.window_begin = row.time - std::chrono::hours(1);
        task.window_end = row.time + std::chrono::hours(1);
        task.suggested = row.label;
        Writer<LabelTask>(*ledger).insert(task).value();
        LabelEvent event;
        event.id = Id<LabelEvent>::random(row.time, rng);
        event.seq = ++events;
        event.model = "news";
        event.item = row.payload_digest;
        event.task = task.id;
        event.actor = "kim";
        event.choice = label;
        Writer<LabelEvent>(*ledger).insert(event).value();
    }

    std::int64_t events = 0;
};

TEST(Judge, PairsTheAnswersOfBothVersions) {
    World world;
    const auto first = world.version(1);
    const auto second = world.version(2);
    std::vector<HoldoutItem> holdout;
    for (int i = 0; i < 30; ++i) {
        holdout.push_back({i < 20 ? "11" : "01", 1});  // Version 1 fails on the last ten.
    }
    const auto made =
        world.evaluator.judge({.model = "news", .now = kStart}, second, first, holdout).value();
    EXPECT_EQ(made.verdict, Verdict::Promote) << made.reason;
    EXPECT_EQ(made.both_right, 20);
    EXPECT_EQ(made.only_challenger, 10);
    EXPECT_NEAR(made.challenger_log_loss, -std::log(0.9), 1e-6);
    EXPECT_EQ(made.challenger, second.id);
    EXPECT_EQ(made.champion, first.id);
}

TEST(Judge, ASecondRunFindsTheFirst) {
    World world;
    const auto version = world.version(1);
    const auto turn = Id<Turn>::derived(kStart, "turn");
    const GatePlan plan{.model = "news", .turn = turn, .now = kStart};
    const auto first = world.evaluator.judge(plan, version, {}, {{"1", 1}}).value();
    GatePlan later = plan;
    later.now = kStart + std::chrono::hours(5);
    const auto second = world.evaluator.judge(later, version, {}, {{"0", 1}}).value();
    EXPECT_EQ(first.id, second.id);
    EXPECT_EQ(second.only_challenger, 1);
    later.turn = std::nullopt;
    EXPECT_NE(world.evaluator.judge(later, version, {}, {{"0", 1}}).value().id, first.id);
}

TEST(Judge, RefusesVersionsWhoseClassesMeanDifferentThings) {
    World world;
    const auto first = world.version(1);
    auto second = world.version(2);
    second.labels = {"sports", "economy"};
    const auto refused = world.evaluator.judge({.model = "news"}, second, first, {});
    EXPECT_EQ(refused.error().code, Code::InvalidArgument);
    EXPECT_THAT(refused.error().message, HasSubstr("versions 1 and 2"));
}

TEST(Judge, TakesAChallengerThatKnowsAClassMore) {
    World world;
    const auto first = world.version(1);
    auto second = world.version(2);
    second.labels.emplace_back("weather");
    second.artefact = world.vault->put("1 3").value();
    const auto made =
        world.evaluator.judge({.model = "news"}, second, first, {{"02", 2}, {"00", 0}}).value();
    EXPECT_EQ(made.only_challenger, 1);
    EXPECT_EQ(made.both_right, 1);
    EXPECT_NEAR(made.champion_log_loss, (-std::log(1e-6) - std::log(0.9)) / 2, 1e-6);
}

TEST(Judge, NamesTheItemWhoseLabelIsUnknown) {
    World world;
    const auto refused =
        world.evaluator.judge({.model = "news"}, world.version(1), {}, {{"1", 1}, {"1", 2}});
    EXPECT_EQ(refused.error().code, Code::InvalidArgument);
    EXPECT_THAT(refused.error().message, HasSubstr("item 1, label 2"));
}

TEST(Judge, ReportsAnArtefactThatIsMissingOrDoesNotFit) {
    World world;
    auto version = world.version(1);
    version.artefact = sha256("nowhere");
    EXPECT_EQ(
        world.evaluator.judge({.model = "news"}, version, {}, {}).error().code, Code::NotFound
    );
    version.artefact = world.vault->put("0 3").value();
    EXPECT_EQ(
        world.evaluator.judge({.model = "news"}, version, {}, {}).error().code, Code::Corrupt
    );
}

/// A stream where class 1 went from half to nine tenths, its rows and audits.
struct ShiftedStream {
    World world;
    ModelVersion version = world.version(1);
    CorrectionPlan plan;

    /// Serves `rows` rows in the window that ends at `end`, audits every tenth.
    void window(Time end, int rows, double share) {
        plan.model = "news";
        plan.window = {end - std::chrono::hours(24 * 30), end};
        plan.now = end;
        for (int i = 0; i < rows; ++i) {
            const std::int64_t label = world.rng.uniform() < share ? 1 : 0;
            const double x = world.rng.normal() + (label == 1 ? 1 : -1);
            const auto time = plan.window.begin + std::chrono::minutes(i);
            const auto row = world.serve(time, static_cast<float>(1 / (1 + std::exp(-2 * x))));
            if (i % 10 == 0) {
                world.audit(row, label);
            }
        }
    }

    Correction correct() { return world.evaluator.correct(plan, version).value(); }
};

Time month(int number) {
    return kStart + std::chrono::hours(24 * 30) * number;
}

TEST(UncorrectedAnswers, AreThoseOfServingWithoutACorrection) {
    World world;
    const auto known = [&world](const std::string& text) {
        Example example;
        example.id = sha256(text);
        example.model = "news";
        example.payload = text;
        Writer<Example>(*world.ledger).insert(example).value();
        return example.id;
    };
    const std::vector<Digest> items = {known("0 a"), known("1 b")};
    const auto even = world.version(1);
    const auto& evaluator = world.evaluator;
    EXPECT_EQ(
        evaluator.uncorrected_answers(even, items, 1).value(), (std::vector<std::int64_t>{0, 1})
    );
    // .9 of a class that makes up 95 % of the training rows says less than .1 of the other one,
    // once each is divided by its share.
    const auto uneven = world.version(3, {0.05, 0.95});
    auto first_letter = uneven;
    first_letter.artefact = even.artefact;
    EXPECT_EQ(
        evaluator.uncorrected_answers(first_letter, items, 0).value(),
        (std::vector<std::int64_t>{0, 1})
    );
    EXPECT_EQ(
        evaluator.uncorrected_answers(first_letter, items, 1).value(),
        (std::vector<std::int64_t>{0, 0})
    );
    first_letter.prior.clear();  // imported: nobody knows what it learned from
    EXPECT_EQ(
        evaluator.uncorrected_answers(first_letter, items, 1).value(),
        (std::vector<std::int64_t>{0, 1})
    );
    EXPECT_EQ(
        evaluator.uncorrected_answers(even, {sha256("gone")}, 1).error().code, Code::NotFound
    );
}

TEST(Correct, StaysOffUntilAuditsSawACorrectionStand) {
    ShiftedStream stream;
    stream.window(month(1), 800, 0.9);
    const Correction first = stream.correct();
    EXPECT_FALSE(first.enabled);
    EXPECT_EQ(first.audited, 0);
    EXPECT_EQ(first.rows, 800);
    // .9, pulled towards one half: a row whose class is unsure weighs less than a row of the pull.
    EXPECT_NEAR(first.current_prior[1], 0.82, 0.05);
    EXPECT_NEAR(first.current_prior[0] + first.current_prior[1], 1, 1e-9);
}

TEST(Correct, GoesOnWhenAuditedRowsSayItHelps) {
    ShiftedStream stream;
    stream.window(month(1), 800, 0.9);
    stream.correct();
    stream.window(month(2), 800, 0.9);
    const Correction second = stream.correct();
    EXPECT_TRUE(second.enabled) << second.reason;
    EXPECT_EQ(second.audited, 80);
    EXPECT_GT(second.only_corrected, second.only_plain);
    EXPECT_THAT(second.reason, HasSubstr("goes on"));
}

TEST(Correct, GoesOffAgainWhenTheWorldReturns) {
    ShiftedStream stream;
    stream.plan.audits_max = 100;
    stream.window(month(1), 800, 0.9);
    stream.correct();
    stream.window(month(2), 800, 0.9);
    ASSERT_TRUE(stream.correct().enabled);
    // The mix swings back faster than the estimate follows, so the standing correction hurts.
    stream.window(month(3), 1000, 0.1);
    const Correction off = stream.correct();
    EXPECT_FALSE(off.enabled) << off.reason;
    EXPECT_THAT(off.reason, HasSubstr("goes off"));
}

TEST(Correct, ASecondRunFindsTheFirst) {
    ShiftedStream stream;
    stream.window(month(1), 100, 0.9);
    const Correction first = stream.correct();
    stream.window(month(1), 100, 0.1);
    EXPECT_EQ(stream.correct().id, first.id);
    EXPECT_EQ(stream.correct().rows, 100);
}

TEST(Correct, DividesEachRowByTheMixOfItsOwnVersion) {
    // Version 2 was trained on nine tenths of class 1; its scores of .9 say nothing new.
    ShiftedStream stream;
    const auto second = stream.world.version(2, {0.1, 0.9});
    stream.window(month(1), 0, 0.5);
    for (int i = 0; i < 400; ++i) {
        stream.world.serve(stream.plan.window.begin, 0.9F, "2");
    }
    const auto neutral = stream.world.evaluator.correct(stream.plan, stream.version).value();
    EXPECT_EQ(neutral.rows, 400);
    EXPECT_NEAR(neutral.current_prior[1], 0.5, 0.01);
}

TEST(Correct, ReadsKeptTextsWithTheNewestModelUnlessTheyWereLabelled) {
    ShiftedStream stream;
    stream.window(month(1), 0, 0.5);
    // The scripted model reads class 1 out of the first letter; the rows were served as class 0.
    for (int i = 0; i < 400; ++i) {
        auto row = flywheel::testing::served_row(
            "news",
            "1 text " + std::to_string(i),
            stream.plan.window.begin,
            {0.9F, 0.1F},
            stream.world.rng
        );
        row.version = "1";
        stream.world.captured.add(row);
        if (i % 2 == 0) {
            stream.world.audit(row, 0);
        }
    }
    const auto correction = stream.world.evaluator.correct(stream.plan, stream.version).value();
    EXPECT_EQ(correction.rows, 400);
    // Half says class 1 anew, half (labelled) says class 0 as it was served.
    EXPECT_NEAR(correction.current_prior[1], 0.5, 0.01);
}

TEST(Correct, LeavesOutRowsOfVersionsItDoesNotKnow) {
    ShiftedStream stream;
    stream.window(month(1), 10, 0.5);
    stream.world.serve(stream.plan.window.begin, 0.9F, "77");
    EXPECT_EQ(stream.correct().rows, 10);
}

TEST(Correct, WithoutServedRowsTheTrainingMixStays) {
    ShiftedStream stream;
    stream.version = stream.world.version(2, {0.3, 0.7});
    stream.window(month(1), 0, 0.5);
    EXPECT_EQ(stream.correct().current_prior, (std::vector<double>{0.3, 0.7}));
    EXPECT_FALSE(stream.correct().enabled);
}

TEST(Correct, BalancedObjectiveCountsClassesAlike) {
    // Under a mix of nine tenths the correction wins many rows of the common class and loses the
    // rare one's.
    ShiftedStream stream;
    stream.plan.objective = "balanced";
    stream.window(month(1), 800, 0.9);
    stream.correct();
    stream.window(month(2), 2000, 0.9);
    const Correction made = stream.correct();
    EXPECT_GT(made.only_corrected, made.only_plain);
    EXPECT_FALSE(made.enabled) << made.reason;
}

TEST(Correct, RefusesUnknownObjectivesAndBrokenVersions) {
    ShiftedStream stream;
    stream.window(month(1), 10, 0.5);
    stream.plan.objective = "speed";
    EXPECT_EQ(
        stream.world.evaluator.correct(stream.plan, stream.version).error().code,
        Code::InvalidArgument
    );
    stream.plan.objective = "accuracy";
    stream.version.prior = {1.0, 0.0};
    EXPECT_EQ(
        stream.world.evaluator.correct(stream.plan, stream.version).error().code, Code::Corrupt
    );
}

}  // namespace
}  // namespace flywheel::evaluation
