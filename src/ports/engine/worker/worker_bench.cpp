// SPDX-License-Identifier: Apache-2.0
// What a call through the worker protocol costs on top of the model: tests/trial_worker.cpp adds
// one.
#include <benchmark/benchmark.h>

#include "ports/engine/tensor_model.h"
#include "ports/engine/worker/bundle.h"
#include "ports/engine/worker/worker_model.h"

namespace flywheel::worker {

namespace {

std::shared_ptr<const Model> trial(int lanes) {
    WorkerPlan plan;
    plan.process.program = TRIAL_WORKER;
    plan.process.lanes = lanes;
    plan.process.shared_memory_max = 256 << 20;
    return WorkerModel::start(plan, write_bundle({{"model", "adds"}}).value()).value();
}

/// Bar: 60 us a call of one row.
void round_trip(benchmark::State& state) {
    static const std::shared_ptr<const Model> kModels[] = {nullptr, trial(1), trial(2), trial(4)};
    const Model& model = *kModels[static_cast<std::size_t>(state.range(1))];
    const auto rows = state.range(0);
    const std::vector<float> numbers(3 * static_cast<std::size_t>(rows), 1.0F);
    const TensorView x{DataType::Fp32, {rows, 3}, std::as_bytes(std::span(numbers)), {}};
    constexpr std::size_t kFirst[] = {0};
    for (auto _ : state) {
        auto outputs = model.tensors()->run(std::span(&x, 1), kFirst);
        CHECK(outputs.has_value());
        benchmark::DoNotOptimize(outputs);
    }
    state.SetItemsProcessed(state.iterations());
}

// Rows, lanes as a place in kModels (1, 2, 4 lanes).
BENCHMARK(round_trip)->Args({1, 1})->Args({128, 1})->Args({87'381, 1})->UseRealTime();
BENCHMARK(round_trip)->Args({1, 1})->Args({1, 2})->Args({1, 3})->Threads(4)->UseRealTime();

}  // namespace

}  // namespace flywheel::worker

BENCHMARK_MAIN();
