// SPDX-License-Identifier: Apache-2.0
// Writing and reading captured rows (7 scores, 128 halves, a headline). Bar: 300,000 rows/s a core
// written.
#include <benchmark/benchmark.h>

#include "ports/columns/parquet/parquet_columns.h"
#include "ports/columns/sample_rows.h"
#include "temp_folder.h"

namespace flywheel {
namespace {

std::vector<Prediction> rows_of_a_segment() {
    Rng rng(1);
    std::vector<Prediction> rows;
    for (int i = 0; i < 100'000; ++i) {
        rows.push_back(
            testing::sample_prediction(testing::sample_day(0) + std::chrono::milliseconds(i), rng)
        );
    }
    return rows;
}

void BM_WriteSegment(benchmark::State& state) {
    const testing::TempFolder folder;
    auto columns = ParquetColumns::open(folder.path()).value();
    auto rows = rows_of_a_segment();
    for (std::size_t i = 0; state.range(0) != 0 && i < rows.size(); ++i) {
        rows[i].request_id = "a client's order " + std::to_string(i);
    }
    for (auto _ : state) {
        CHECK(columns->write_segment(1, {rows, {}}).has_value());
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(rows.size()));
    state.counters["file_bytes_per_row"] =
        static_cast<double>(columns->bytes().value()) / static_cast<double>(rows.size());
}

void BM_Scan(benchmark::State& state) {
    const testing::TempFolder folder;
    auto columns = ParquetColumns::open(folder.path()).value();
    const auto rows = rows_of_a_segment();
    CHECK(columns->write_segment(1, {rows, {}}).has_value());
    const TimeRange always{Time::min(), Time::max()};
    for (auto _ : state) {
        std::size_t seen = 0;
        const auto scanned = columns->scan_predictions(
            "news",
            always,
            static_cast<RowParts>(state.range(0)),
            [&](const Prediction&) {
                ++seen;
                return Result<void>();
            }
        );
        CHECK(scanned.has_value() && seen == rows.size());
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(rows.size()));
}

BENCHMARK(BM_WriteSegment)->ArgName("own_ids")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Scan)->ArgName("parts")->DenseRange(0, 2)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace flywheel

BENCHMARK_MAIN();
