// SPDX-License-Identifier: Apache-2.0
// Bar: 100,000 rows/s of headline length from each format.
#include <fstream>

#include <benchmark/benchmark.h>

#include "ports/sources/files/files_source.h"
#include "temp_folder.h"

namespace flywheel::files {

namespace {

constexpr int kRows = 100000;

void read_file(benchmark::State& state, const std::string& name, const std::string& bytes) {
    const testing::TempFolder folder;
    std::ofstream(folder.path() / name, std::ios::binary) << bytes;
    const auto source = *open(folder.path() / name);
    std::int64_t rows = 0;
    for (auto _ : state) {
        const auto summary = source->read([](SourceRow&&) -> Result<void> { return {}; });
        CHECK(summary.has_value() && summary->rejected == 0);
        rows += summary->rows;
    }
    state.SetItemsProcessed(rows);
}

void json_lines(benchmark::State& state) {
    std::string bytes;
    for (int n = 0; n < kRows; ++n) {
        bytes +=
            R"({"id": "row-)" + std::to_string(n) +
            R"(", "time": "2016-01-01T06:00", "text": "朴대통령 강인하고 늠름한 장병들 무한히 신뢰", "label": "정치"})"
            "\n";
    }
    read_file(state, "a.jsonl", bytes);
}

BENCHMARK(json_lines)->Unit(benchmark::kMillisecond);

void csv(benchmark::State& state) {
    std::string bytes = "id,time,text,label\n";
    for (int n = 0; n < kRows; ++n) {
        bytes += "row-" + std::to_string(n) +
                 ",2016-01-01T06:00,\"朴대통령 강인하고, 늠름한 장병들 무한히 신뢰\",정치\n";
    }
    read_file(state, "a.csv", bytes);
}

BENCHMARK(csv)->Unit(benchmark::kMillisecond);

}  // namespace

}  // namespace flywheel::files

BENCHMARK_MAIN();
