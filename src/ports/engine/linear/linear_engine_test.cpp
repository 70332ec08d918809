// SPDX-License-Identifier: Apache-2.0
// The engine through its door: fit, predict, refuse, search.

#include "ports/engine/linear/linear_engine.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ports/engine/linear/fitted_fixture.h"
#include "ports/engine/linear/settings.h"
#include "vectors/dot.h"

namespace flywheel::linear {
namespace {

using testing::Corpus;
using ::testing::HasSubstr;

FittedModel fit(
    const TrainingSet& set, const std::string& settings = "{}", std::uint64_t seed = 1
) {
    auto fitted = make_engine()->fit(set, EngineSettings{settings}, seed, {});
    EXPECT_TRUE(fitted) << fitted.error().message;
    return *std::move(fitted);
}

std::shared_ptr<const Model> load(const std::string& artefact) {
    auto model = make_engine()->load(artefact);
    EXPECT_TRUE(model) << model.error().message;
    return *std::move(model);
}

double accuracy_on(const Model& model, const Corpus& corpus, std::size_t from) {
    double right = 0;
    for (std::size_t i = from; i < corpus.texts.size(); ++i) {
        right += answer(model, corpus.texts[i]).label == corpus.labels[i] ? 1 : 0;
    }
    return right / static_cast<double>(corpus.texts.size() - from);
}

TEST(LinearEngine, LearnsTopicsAndSaysHowSureItIs) {
    const Corpus corpus(1, 5, 900);
    auto set = corpus.set(500);
    set.valid = corpus.rows(500, 600);
    const FittedModel fitted = fit(set);
    const auto model = load(fitted.weights);
    EXPECT_EQ(model->classes(), 5);
    EXPECT_EQ(model->embedding_size(), 128);
    EXPECT_GT(accuracy_on(*model, corpus, 600), 0.9);
    EXPECT_GT(fitted.valid_accuracy, 0.9);
    EXPECT_LT(fitted.valid_log_loss, 0.5);
    EXPECT_LT(fitted.train_log_loss, fitted.valid_log_loss);
    const auto one = answer(*model, corpus.texts[700]);
    float total = 0;
    for (const float score : one.scores) {
        EXPECT_GE(score, 0.0F);
        total += score;
    }
    EXPECT_NEAR(total, 1.0F, 1e-5);
}

TEST(LinearEngine, IsDeterministicForASeed) {
    const Corpus corpus(2, 3, 200);
    for (const std::string settings : {"{}", R"({"hidden":64,"epochs":3})"}) {
        const auto first = fit(corpus.set(200), settings, 7);
        EXPECT_EQ(first.weights, fit(corpus.set(200), settings, 7).weights) << settings;
        EXPECT_NE(first.weights, fit(corpus.set(200), settings, 8).weights) << settings;
    }
}

TEST(LinearEngine, RefusesWhatCannotBeLearned) {
    const Corpus corpus(3, 2, 10);

    struct Row {
        const char* what;
        TrainingSet set;
        std::string settings;
        const char* says;
    };

    auto with = [&](auto change) {
        TrainingSet set = corpus.set(10);
        change(set);
        return set;
    };
    const Row rows[] = {
        {"no rows", with([](auto& set) { set.train.clear(); }), "{}", "needs labelled rows"},
        {"one class given", with([](auto& set) { set.classes = 1; }), "{}", "needs 2 to 4096"},
        {"one class present",
         with([](auto& set) {
             for (auto& row : set.train) {
                 row.label = 1;
             }
         }),
         "{}",
         "at least two classes"},
        {"label too large", with([](auto& set) { set.train[3].label = 2; }), "{}", "row 3 has 2"},
        {"label below zero", with([](auto& set) { set.train[4].label = -1; }), "{}", "row 4 has -1"
        },
        {"weight of zero", with([](auto& set) { set.train[5].weight = 0; }), "{}", "row 5 has 0"},
        {"weight not a number",
         with([](auto& set) { set.train[5].weight = std::nanf(""); }),
         "{}",
         "row 5 has nan"},
        {"label of a validation row",
         with([](auto& set) { set.valid = {{.text = "a", .label = 9}}; }),
         "{}",
         "Validation rows"},
        {"unknown setting", corpus.set(10), R"({"depth":3})", "'depth'"},
        {"setting of a wrong type", corpus.set(10), R"({"epochs":"many"})", "epochs"},
        {"setting out of range", corpus.set(10), R"({"hash_bits":40})", "hash_bits"},
        {"hidden layer of another size", corpus.set(10), R"({"hidden":65})", "0, 64 or 128"},
        {"one fold", corpus.set(10), R"({"folds":1})", "folds"},
        {"settings are a list", corpus.set(10), "[]", "must be a JSON object"},
        {"settings are not JSON", corpus.set(10), "{", "Settings of the linear engine"},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.what);
        const auto fitted = make_engine()->fit(row.set, EngineSettings{row.settings}, 1, {});
        ASSERT_FALSE(fitted);
        EXPECT_EQ(fitted.error().code, Code::InvalidArgument);
        EXPECT_THAT(fitted.error().message, HasSubstr(row.says));
    }
}

TEST(LinearEngine, StopsWhenItsObserverSaysSo) {
    const Corpus corpus(4, 3, 100);
    for (const std::string settings : {"{}", R"({"hidden":64})"}) {
        for (int stop_at = 1; stop_at <= 4; ++stop_at) {
            int calls = 0;
            const auto stop = [&](const FitProgress& progress) -> Result<void> {
                EXPECT_TRUE(std::isfinite(progress.loss));
                EXPECT_LE(progress.step, progress.steps);
                if (++calls == stop_at) {
                    return make_error(Code::Cancelled, "enough");
                }
                return {};
            };
            const auto fitted =
                make_engine()->fit(corpus.set(100), EngineSettings{settings}, 1, stop);
            ASSERT_FALSE(fitted);
            EXPECT_EQ(fitted.error().code, Code::Cancelled);
            EXPECT_EQ(calls, stop_at);
        }
    }
}

TEST(LinearEngine, SaysWhereTheLossStoppedBeingFinite) {
    const Corpus corpus(5, 3, 60);
    const auto diverged =
        make_engine()->fit(corpus.set(60), EngineSettings{R"({"hidden":64,"rate":1e30})"}, 1, {});
    ASSERT_FALSE(diverged);
    EXPECT_THAT(diverged.error().message, HasSubstr("Loss is not finite at step "));

    auto set = corpus.set(60);
    set.train[0].weight = 3e38F;
    const auto heavy = make_engine()->fit(set, EngineSettings{"{}"}, 1, {});
    ASSERT_FALSE(heavy);
    EXPECT_THAT(heavy.error().message, HasSubstr("Loss is not finite at step "));
}

TEST(LinearEngine, WorksWithTwoClassesAndWithFifty) {
    for (const std::int32_t classes : {2, 50}) {
        const Corpus corpus(6, classes, classes * 16);
        const auto train = static_cast<std::size_t>(classes) * 12;
        const auto fitted = fit(corpus.set(train));
        const auto packed = make_engine()->pack(fitted.weights);
        ASSERT_TRUE(packed) << packed.error().message;
        EXPECT_GT(accuracy_on(*load(*packed), corpus, train), 0.75) << classes;
    }
}

TEST(LinearEngine, AllowsClassesWithoutRows) {
    const Corpus corpus(7, 3, 150);
    auto set = corpus.set(150);
    set.classes = 9;
    const auto one = answer(*load(fit(set).weights), corpus.texts[1]);
    EXPECT_EQ(one.scores.size(), 9U);
    EXPECT_EQ(one.label, 1);
    EXPECT_LT(one.scores[8], 0.2F);
}

TEST(LinearEngine, FitsAHiddenLayer) {
    const Corpus corpus(8, 4, 700);
    const auto fitted = fit(corpus.set(500), R"({"hidden":64})");
    const auto packed = make_engine()->pack(fitted.weights);
    ASSERT_TRUE(packed) << packed.error().message;
    EXPECT_GT(accuracy_on(*load(fitted.weights), corpus, 500), 0.85);
    EXPECT_GT(accuracy_on(*load(*packed), corpus, 500), 0.85);
}

TEST(LinearEngine, GivesOutOfFoldProbabilitiesOfItsTrainingRows) {
    const Corpus corpus(9, 3, 120);
    const auto fitted = fit(corpus.set(120));
    ASSERT_EQ(fitted.out_of_fold.size(), 120U * 3U);
    double mean = 0;
    for (std::size_t i = 0; i < 120; ++i) {
        const float* row = fitted.out_of_fold.data() + i * 3;
        EXPECT_NEAR(row[0] + row[1] + row[2], 1.0F, 1e-5);
        mean += static_cast<double>(row[0]) / 120;
    }
    EXPECT_NEAR(mean, 1.0 / 3, 0.02) << "offsets bring the mean probability to the class's share";
    EXPECT_TRUE(fit(corpus.set(120), R"({"folds":0})").out_of_fold.empty());
}

TEST(LinearEngine, IsNotFooledByCopiesOfATrainingRow) {
    // Labels without any meaning, each text ten times: folds that split copies would look perfect.
    Corpus corpus(10, 2, 60);
    Rng rng(10);
    TrainingSet set;
    set.classes = 2;
    for (std::size_t i = 0; i < 60; ++i) {
        const auto label = static_cast<std::int32_t>(rng.below(2));
        corpus.texts[i] = "낱말" + std::to_string(mix64(i));
        for (int copy = 0; copy < 10; ++copy) {
            set.train.push_back({.text = corpus.texts[i], .label = label});
        }
    }
    EXPECT_GT(fit(set).valid_log_loss, 0.5);
}

TEST(LinearEngine, AnswersAnyText) {
    const Corpus corpus(11, 3, 100);
    const auto model = load(fit(corpus.set(100)).weights);
    std::string large;
    while (large.size() < 10'000'000) {
        large += corpus.texts[large.size() % 100];
        large += std::to_string(large.size());
    }
    for (const std::string& text :
         {std::string(),
          std::string("   "),
          std::string("🚀🚀 👨‍👩‍👧"),
          std::string(1, '\0'),
          large}) {
        const auto one = answer(*model, text);
        float total = 0;
        for (const float score : one.scores) {
            EXPECT_TRUE(std::isfinite(score));
            total += score;
        }
        EXPECT_NEAR(total, 1.0F, 1e-4);
    }
    const auto empty = answer(*model, "");
    EXPECT_EQ(empty.embedding, std::vector<float>(128, 0.0F));
    EXPECT_NEAR(vectors::norm(answer(*model, large).embedding), 1.0F, 1e-4);
}

TEST(LinearEngine, EmbedsNearDuplicatesClose) {
    const Corpus corpus(12, 3, 300);
    const auto model = load(fit(corpus.set(300)).weights);
    const auto embed = [&](const std::string& text) { return answer(*model, text).embedding; };
    const std::string title = corpus.texts[0] + corpus.texts[3] + corpus.texts[6];
    EXPECT_NEAR(vectors::norm(embed(title)), 1.0F, 1e-5);
    EXPECT_GT(vectors::dot(embed(title), embed("  " + title + " .")), 0.95F);
    double other = 0;
    for (std::size_t i = 1; i < 300; ++i) {
        const double near = vectors::dot(embed(corpus.texts[0]), embed(corpus.texts[i]));
        other = std::max(other, corpus.texts[i] == corpus.texts[0] ? 0.0 : near);
    }
    EXPECT_LT(other, 0.9);
}

TEST(LinearEngine, GivesTheSameAnswerToEveryThread) {
    const Corpus corpus(13, 3, 300);
    const auto model = load(fit(corpus.set(200)).weights);
    std::vector<Answer> expected;
    for (const auto& text : corpus.texts) {
        expected.push_back(answer(*model, text));
    }
    std::vector<int> wrong(4, 0);
    std::vector<std::thread> threads;
    for (auto& count : wrong) {
        threads.emplace_back([&] {
            for (std::size_t i = 0; i < corpus.texts.size(); ++i) {
                const auto got = answer(*model, corpus.texts[i]);
                const bool same =
                    got.scores == expected[i].scores && got.embedding == expected[i].embedding;
                count += same ? 0 : 1;
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

TEST(LinearEngine, ServesModelsOfDifferentHashesFromOneThread) {
    const Corpus corpus(14, 3, 200);
    const auto wide = load(fit(corpus.set(200), R"({"hash_bits":20})").weights);
    const auto narrow = load(fit(corpus.set(200), R"({"hash_bits":12,"ngram_max":2})").weights);
    const auto alone = answer(*narrow, corpus.texts[5]);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(answer(*wide, corpus.texts[5]).label, corpus.labels[5]);
        EXPECT_EQ(answer(*narrow, corpus.texts[5]).scores, alone.scores);
    }
}

TEST(LinearEngine, LearnsIdfFromUnlabelledTexts) {
    const Corpus corpus(15, 3, 300);
    auto set = corpus.set(100);
    const auto without = fit(set);
    for (std::size_t i = 100; i < 300; ++i) {
        set.unlabelled.push_back(corpus.texts[i]);
    }
    const auto with = fit(set);
    EXPECT_NE(with.weights, without.weights);
    EXPECT_GT(accuracy_on(*load(with.weights), corpus, 100), 0.8);
}

TEST(LinearEngine, SuggestsItsDefaultsFirst) {
    const auto engine = make_engine();
    const auto list = engine->suggest(1, 12);
    ASSERT_EQ(list.size(), 12U);
    EXPECT_EQ(list[0].text, to_json(Settings{}).text);
    std::set<std::string> different;
    for (const auto& settings : list) {
        different.insert(settings.text);
        const auto read = parse_settings(settings);
        ASSERT_TRUE(read) << read.error().message;
        EXPECT_EQ(to_json(*read).text, settings.text);
    }
    EXPECT_EQ(different.size(), 12U);
    EXPECT_EQ(engine->suggest(1, 12), list);
    EXPECT_NE(engine->suggest(2, 12), list);
    EXPECT_TRUE(engine->suggest(1, 0).empty());
}

TEST(LinearEngine, TakesAShareOfTheEpochs) {
    const auto engine = make_engine();
    const auto epochs = [&](const char* settings, double effort) {
        return parse_settings(engine->at_effort(EngineSettings{settings}, effort)).value().epochs;
    };
    EXPECT_EQ(epochs("{}", 1.0), 20);
    EXPECT_EQ(epochs("{}", 1.0 / 3), 7);
    EXPECT_EQ(epochs("{}", 1e-9), 1);
    EXPECT_EQ(epochs(R"({"epochs":9})", 1.0 / 9), 1);
    EXPECT_EQ(engine->at_effort(EngineSettings{"nonsense"}, 0.5).text, "nonsense");
}

}  // namespace
}  // namespace flywheel::linear
