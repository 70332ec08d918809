// SPDX-License-Identifier: Apache-2.0
// The kernels of this rung side by side: argument 0 is the kernel (0 scalar, 1 AVX2).

#include <benchmark/benchmark.h>

#include "base/rng.h"
#include "vectors/dot.h"
#include "vectors/gather.h"
#include "vectors/neighbours.h"

namespace flywheel::vectors {
namespace {

constexpr std::size_t kColumns = 128;

std::vector<float> random_values(std::size_t count) {
    Rng rng(1);
    std::vector<float> values(count);
    for (float& value : values) {
        value = static_cast<float>(rng.normal());
    }
    return values;
}

bool skips(benchmark::State& state, Kernel kernel) {
    if (!is_supported(kernel)) {
        state.SkipWithError("this machine lacks the kernel");
        return true;
    }
    return false;
}

void dot_128(benchmark::State& state) {
    const Kernel kernel = kKernels[static_cast<std::size_t>(state.range(0))];
    if (skips(state, kernel)) {
        return;
    }
    const auto a = random_values(kColumns);
    for (auto _ : state) {
        benchmark::DoNotOptimize(dot_by(kernel, a, a));
    }
}

BENCHMARK(dot_128)->Arg(0)->Arg(1);

void gather_80_rows_of_8_bytes(benchmark::State& state) {
    const Kernel kernel = kKernels[static_cast<std::size_t>(state.range(0))];
    if (skips(state, kernel)) {
        return;
    }
    const std::vector<std::int8_t> table(8 * 100, 3);
    std::vector<ScaledRow> rows;
    for (std::uint32_t i = 0; i < 80; ++i) {
        rows.push_back({i, 0.5F});
    }
    std::vector<float> out(8);
    for (auto _ : state) {
        add_scaled_rows_by(kernel, RowTable<std::int8_t>{table.data(), 8, 8}, rows, out);
        benchmark::DoNotOptimize(out.data());
    }
}

BENCHMARK(gather_80_rows_of_8_bytes)->Arg(0)->Arg(1);

void top_10_of_100k_unit_rows(benchmark::State& state) {
    const auto rows = random_values(100'000 * kColumns);
    const MatrixView matrix{rows.data(), 100'000, kColumns};
    for (auto _ : state) {
        benchmark::DoNotOptimize(top_k_cosine(matrix, matrix.row(7), 10, Lengths::Unit));
    }
}

BENCHMARK(top_10_of_100k_unit_rows)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace flywheel::vectors

BENCHMARK_MAIN();
