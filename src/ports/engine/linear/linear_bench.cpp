// SPDX-License-Identifier: Apache-2.0
// Fit, predict one and predict in batches. On the headlines of klue-ynat when they are there
// (FLYWHEEL_DATA, by default ../shared/data seen from the project's root): fitted on 2016, judged
// on 2017-2020; otherwise on a seeded look-alike. bench/peers/sklearn/sklearn_text.py measures the
// same with scikit-learn. Run from the root.

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/json_value.h"
#include "base/rng.h"
#include "base/text.h"
#include "ports/engine/linear/linear_engine.h"

namespace flywheel::linear {
namespace {

struct Texts {
    std::vector<std::string> text;
    std::vector<std::int32_t> label;
    std::size_t first_served = 0;  ///< Rows before it are the training rows.
    std::int32_t classes = 0;
    std::string name;
};

std::optional<Texts> read_stream() {
    const char* root = std::getenv("FLYWHEEL_DATA");  // NOLINT: one thread
    const std::string path =
        std::string(root != nullptr ? root : "../shared/data") + "/klue-ynat/stream.jsonl.gz";
    if (!std::ifstream(path)) {
        return std::nullopt;
    }
    const auto close = [](FILE* file) { pclose(file); };
    const std::unique_ptr<FILE, decltype(close)> pipe(
        popen(("gzip -dc '" + path + "'").c_str(), "r"), close
    );
    std::string bytes;
    std::vector<char> chunk(1U << 16U);
    while (const std::size_t got = fread(chunk.data(), 1, chunk.size(), pipe.get())) {
        bytes.append(chunk.data(), got);
    }
    Texts texts;
    texts.name = "klue-ynat";
    std::unordered_map<std::string, std::int32_t> classes;
    for (std::size_t at = 0; at < bytes.size();) {
        const std::size_t end = bytes.find('\n', at);
        const Json row = parse_json(std::string_view(bytes).substr(at, end - at)).value();
        at = end == std::string::npos ? bytes.size() : end + 1;
        const auto label = string_field(row, "label").value();
        const auto number = static_cast<std::int32_t>(classes.size());
        texts.label.push_back(classes.try_emplace(label, number).first->second);
        texts.text.push_back(string_field(row, "text").value());
        if (string_field(row, "time").value() < "2017") {
            texts.first_served = texts.text.size();
        }
    }
    texts.classes = static_cast<std::int32_t>(classes.size());
    return texts;
}

Texts generate() {
    Rng rng(1);
    Texts texts;
    texts.name = "generated";
    texts.classes = 7;
    texts.first_served = 1780;
    for (int i = 0; i < 11'780; ++i) {
        const auto label = static_cast<std::int32_t>(rng.below(7));
        std::string text;
        for (int word = 0; word < 7; ++word) {
            const std::uint64_t topic = rng.below(3) == 0 ? 7 : static_cast<std::uint64_t>(label);
            const std::uint64_t token = mix64(topic * 1000 + rng.below(400));
            for (unsigned syllable = 0; syllable < 2 + token % 2; ++syllable) {
                append_utf8(
                    text, static_cast<char32_t>(0xAC00 + (token >> (12 * syllable)) % 3000)
                );
            }
            text += ' ';
        }
        texts.text.push_back(text);
        texts.label.push_back(label);
    }
    return texts;
}

const Texts& texts() {
    static const Texts kTexts = [] {
        auto read = read_stream();
        return read ? *std::move(read) : generate();
    }();
    return kTexts;
}

TrainingSet first_rows(std::size_t count) {
    TrainingSet set;
    set.classes = texts().classes;
    for (std::size_t i = 0; i < count; ++i) {
        set.train.push_back({.text = texts().text[i], .label = texts().label[i]});
    }
    return set;
}

FittedModel fit(std::size_t rows, const std::string& settings) {
    return make_engine()->fit(first_rows(rows), EngineSettings{settings}, 1, {}).value();
}

std::shared_ptr<const Model> load_packed(const FittedModel& fitted) {
    const auto engine = make_engine();
    return engine->load(engine->pack(fitted.weights).value()).value();
}

double accuracy_served(const Model& model) {
    double right = 0;
    for (std::size_t i = texts().first_served; i < texts().text.size(); ++i) {
        right += answer(model, texts().text[i]).label == texts().label[i] ? 1 : 0;
    }
    return right / static_cast<double>(texts().text.size() - texts().first_served);
}

void run_fit(benchmark::State& state, std::size_t rows, const std::string& settings) {
    FittedModel fitted;
    for (auto _ : state) {
        fitted = fit(rows, settings);
        benchmark::DoNotOptimize(fitted.weights.data());
    }
    state.counters["rows"] = static_cast<double>(rows);
    state.counters["accuracy"] = accuracy_served(*load_packed(fitted));
    state.counters["artefact_bytes"] = static_cast<double>(fitted.weights.size());
    state.SetLabel(texts().name);
}

void fit_first_year(benchmark::State& state) {
    run_fit(state, texts().first_served, "{}");
}

BENCHMARK(fit_first_year)->Unit(benchmark::kMillisecond);

void fit_all_rows(benchmark::State& state) {
    run_fit(state, texts().text.size(), "{}");
}

BENCHMARK(fit_all_rows)->Unit(benchmark::kMillisecond);

void fit_hidden(benchmark::State& state) {
    run_fit(state, texts().first_served, R"({"hidden":64})");
}

BENCHMARK(fit_hidden)->Unit(benchmark::kMillisecond)->Iterations(1);

/// Texts that the model was not fitted on, with their embeddings; argument: rows of the fit, 0 =
/// all.
void predict_one(benchmark::State& state) {
    const auto rows = state.range(0) == 0 ? texts().text.size() : texts().first_served;
    const auto model = load_packed(fit(rows, "{}"));
    std::vector<float> scores(static_cast<std::size_t>(texts().classes));
    std::vector<float> embedding(static_cast<std::size_t>(model->embedding_size()));
    std::size_t i = texts().first_served;
    for (auto _ : state) {
        model->predict(texts().text[i], scores, embedding);
        benchmark::DoNotOptimize(scores.data());
        i = i + 1 < texts().text.size() ? i + 1 : texts().first_served;
    }
    state.counters["memory_bytes"] = static_cast<double>(model->memory_bytes());
}

BENCHMARK(predict_one)->Arg(1)->Arg(0);

void predict_batch(benchmark::State& state) {
    const auto model = load_packed(fit(texts().text.size(), "{}"));
    std::vector<float> scores(static_cast<std::size_t>(texts().classes));
    const bool embed = state.range(0) != 0;
    std::vector<float> embedding(embed ? static_cast<std::size_t>(model->embedding_size()) : 0);
    for (auto _ : state) {
        for (std::size_t i = 0; i < 1000; ++i) {
            model->predict(texts().text[texts().first_served + i], scores, embedding);
            benchmark::DoNotOptimize(scores.data());
        }
    }
    state.SetItemsProcessed(state.iterations() * 1000);
}

BENCHMARK(predict_batch)->Arg(0)->Arg(1)->Unit(benchmark::kMicrosecond);

void pack_and_load(benchmark::State& state) {
    const auto fitted = fit(texts().text.size(), "{}");
    const auto engine = make_engine();
    const auto bytes = engine->pack(fitted.weights).value();
    for (auto _ : state) {
        benchmark::DoNotOptimize(engine->load(bytes).value());
    }
    state.counters["packed_bytes"] = static_cast<double>(bytes.size());
}

BENCHMARK(pack_and_load)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace flywheel::linear

BENCHMARK_MAIN();
