// SPDX-License-Identifier: Apache-2.0
// Reading the tensors of a request. Bars: 8 x 384 floats <= 40 us as JSON, <= 2 us in binary form.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "gateway/infer/infer_answer.h"
#include "gateway/infer/reading_fixture.h"

namespace flywheel::gateway {
namespace {

constexpr std::size_t kRows = 8;
constexpr std::size_t kWidth = 384;

std::vector<float> floats() {
    std::vector<float> values;
    Rng rng(4);
    for (std::size_t i = 0; i < kRows * kWidth; ++i) {
        values.push_back(static_cast<float>(rng.normal()));
    }
    return values;
}

void measure(benchmark::State& state, const std::string& body, const BodyForm& form) {
    const Signature signature = testing::signature_of(DataType::Fp32, {-1, kWidth});
    const std::string text = body + std::string(http::kBodySlack, ' ');
    InferBody reader;
    for (auto _ : state) {
        CHECK(
            reader.parse(signature, std::string_view(text).substr(0, body.size()), form).has_value()
        );
        benchmark::DoNotOptimize(reader.inputs[0].bytes.data());
    }
}

void read_json(benchmark::State& state) {
    std::string body = R"({"inputs":[{"name":"x","shape":[8,384],"datatype":"FP32","data":[)";
    for (const float value : floats()) {
        append_float(body, value);
        body += ',';
    }
    body.back() = ']';
    measure(state, body + "}]}", {});
}

/// As Python writes FP32 that became FP64: 17 digits, and a space behind each comma.
void read_json_of_python(benchmark::State& state) {
    std::string body = R"({"inputs":[{"name":"x","shape":[8,384],"datatype":"FP32","data":[)";
    for (const float value : floats()) {
        body += fmt::format("{}, ", static_cast<double>(value));
    }
    body.resize(body.size() - 2);
    measure(state, body + "]}]}", {});
}

void read_binary(benchmark::State& state) {
    const std::string head =
        R"({"inputs":[{"name":"x","shape":[8,384],"datatype":"FP32","parameters":{"binary_data_size":12288}}]})";
    const std::vector<float> values = floats();
    const std::string length = std::to_string(head.size());
    BodyForm form;
    form.header_length = length;
    measure(
        state,
        head + std::string(reinterpret_cast<const char*>(values.data()), values.size() * 4),
        form
    );
}

BENCHMARK(read_json);
BENCHMARK(read_json_of_python);
BENCHMARK(read_binary);

}  // namespace
}  // namespace flywheel::gateway

BENCHMARK_MAIN();
