// SPDX-License-Identifier: Apache-2.0
// What capture costs: handing a row over (bar: 1 us with 128 halves and 7 scores), making a group
// durable, rolling, taking feedback (bar: 50,000 lines/s).
#include <benchmark/benchmark.h>

#include "ports/columns/memory_columns.h"
#include "ports/columns/parquet/parquet_columns.h"
#include "ports/columns/sample_rows.h"
#include "ports/journal/segments/segment_journal.h"
#include "rooms/capture/capture.h"
#include "temp_folder.h"

namespace flywheel {
namespace {

/// Capture over the real adapters in a folder of its own.
struct Rig {
    testing::TempFolder folder;
    ManualClock clock{testing::sample_day(5)};
    std::unique_ptr<Journal> journal = SegmentJournal::open(folder.path() / "journal", {}).value();
    std::unique_ptr<Columns> columns = ParquetColumns::open(folder.path() / "columns").value();
    std::unique_ptr<Capture> capture = Capture::open({}, *journal, *columns, clock).value();
};

std::vector<Prediction> sample_rows(int count) {
    Rng rng(1);
    std::vector<Prediction> rows;
    for (int i = 0; i < count; ++i) {
        rows.push_back(
            testing::sample_prediction(testing::sample_day(0) + std::chrono::milliseconds(i), rng)
        );
    }
    return rows;
}

void BM_Record(benchmark::State& state) {
    Rig rig;
    constexpr int kRows = 1000;
    const auto rows = sample_rows(kRows);
    for (auto _ : state) {
        state.PauseTiming();
        CHECK(rig.capture->flush().has_value());
        auto batch = rows;
        state.ResumeTiming();
        for (auto& row : batch) {
            rig.capture->record(std::move(row));
        }
    }
    CHECK(rig.capture->counters().dropped == 0);
    state.SetItemsProcessed(state.iterations() * kRows);
}

void BM_FlushAThousandRows(benchmark::State& state) {
    Rig rig;
    const auto rows = sample_rows(1000);
    for (auto _ : state) {
        state.PauseTiming();
        for (auto row : rows) {
            rig.capture->record(std::move(row));
        }
        state.ResumeTiming();
        CHECK(rig.capture->flush().has_value());
    }
}

void BM_Roll(benchmark::State& state) {
    Rig rig;
    const auto rows = sample_rows(30'000);
    for (auto _ : state) {
        state.PauseTiming();
        for (std::size_t i = 0; i < rows.size(); ++i) {
            rig.capture->record(Prediction(rows[i]));
            CHECK(i % 1000 != 0 || rig.capture->flush().has_value());
        }
        CHECK(rig.capture->seal().has_value());
        state.ResumeTiming();
        CHECK(rig.capture->roll()->predictions == rows.size());
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(rows.size()));
}

void BM_Feedback(benchmark::State& state) {
    Rig rig;
    Rng rng(2);
    const auto lines = static_cast<int>(state.range(0));
    std::int64_t serial = 0;
    for (auto _ : state) {
        state.PauseTiming();
        std::vector<Feedback> batch;
        for (int i = 0; i < lines; ++i) {
            batch.push_back(testing::sample_feedback(
                "r" + std::to_string(serial++), testing::sample_day(1), rng
            ));
        }
        state.ResumeTiming();
        CHECK(rig.capture->submit_feedback(std::move(batch))->accepted == lines);
    }
    state.SetItemsProcessed(state.iterations() * lines);
}

void BM_FindInColumns(benchmark::State& state) {
    Rig rig;
    const auto rows = sample_rows(30'000);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        rig.capture->record(Prediction(rows[i]));
        CHECK(i % 1000 != 0 || rig.capture->flush().has_value());
    }
    CHECK(rig.capture->seal().has_value());
    CHECK(rig.capture->roll().has_value());
    for (auto _ : state) {
        CHECK(rig.capture->find("news", rows[12'345].request_id)->rows.size() == 1);
    }
}

/// Small rows under ids that their clients made: files of so many rows, one after the other in
/// time.
void write_clients_rows(Columns& columns, std::int64_t files, std::int64_t rows_each) {
    Rng rng(7);
    std::int64_t serial = 0;
    for (std::int64_t file = 0; file < files; ++file) {
        ColumnSegment rows;
        for (std::int64_t i = 0; i < rows_each; ++i) {
            Prediction row;
            row.time = testing::sample_day(0) + std::chrono::milliseconds(20 * serial);
            row.id.uuid = Uuid::random(row.time, rng).with_row(0);
            row.request_id = "order " + std::to_string(serial++);
            row.model = "news";
            row.version = "3";
            row.status = 200;
            rows.predictions.push_back(std::move(row));
        }
        CHECK(columns.write_segment(static_cast<std::uint64_t>(file) + 1, rows).has_value());
    }
}

/// Bar: 20 ms in 100 million rows. What a look-up costs is a few reads a file, and one row group.
void BM_FindAClientsId(benchmark::State& state) {
    Rig rig;
    const std::int64_t rows = state.range(0) * state.range(1);
    write_clients_rows(*rig.columns, state.range(0), state.range(1));
    Rng rng(8);
    const bool is_there = state.range(2) != 0;
    for (auto _ : state) {
        const auto serial = static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(rows)));
        const auto found =
            rig.capture->find("news", (is_there ? "order " : "never ") + std::to_string(serial));
        CHECK(found.has_value() == is_there);
    }
}

/// Opening with a gigabyte that is not rolled yet. Bar: 2 s.
void BM_OpenWithAGigabyteOfJournal(benchmark::State& state) {
    const testing::TempFolder folder;
    constexpr std::uint64_t kGigabyte = 1U << 30U;
    MemoryColumns columns;
    const ManualClock clock(testing::sample_day(5));
    {
        auto journal = SegmentJournal::open(folder.path(), {}).value();
        auto capture = Capture::open({}, *journal, columns, clock).value();
        Rng rng(3);
        auto rows = sample_rows(1000);
        while (journal->health().bytes < kGigabyte) {
            for (Prediction& row : rows) {
                row.id = Id<Prediction>::random(row.time, rng);
                capture->record(Prediction(row));
            }
            CHECK(capture->flush().has_value());
        }
        CHECK(capture->stop().has_value());
    }
    for (auto _ : state) {
        auto journal = SegmentJournal::open(folder.path(), {}).value();
        CHECK(Capture::open({}, *journal, columns, clock).has_value());
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kGigabyte));
}

BENCHMARK(BM_OpenWithAGigabyteOfJournal)
    ->Unit(benchmark::kSecond)
    ->Iterations(2)
    ->MeasureProcessCPUTime();
BENCHMARK(BM_Record)->Unit(benchmark::kMicrosecond);
BENCHMARK(BM_FlushAThousandRows)->Unit(benchmark::kMicrosecond);
BENCHMARK(BM_Roll)->Unit(benchmark::kMillisecond)->Iterations(3);
BENCHMARK(BM_Feedback)->Arg(1)->Arg(10'000)->Unit(benchmark::kMicrosecond);
BENCHMARK(BM_FindInColumns)->Unit(benchmark::kMicrosecond);
BENCHMARK(BM_FindAClientsId)
    ->ArgNames({"files", "rows_each", "there"})
    ->ArgsProduct({{10, 100, 1'000}, {1'000}, {0, 1}})
    ->ArgsProduct({{10, 30}, {65'536}, {0, 1}})
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace flywheel

BENCHMARK_MAIN();
