// SPDX-License-Identifier: Apache-2.0
// The as-of join at full size: 10 million predictions of 30 days (7 scores each) in Parquet, 1
// million signals that arrived up to 30 days later. Bar: 20 s, 500 MB. The columns are made once in
// FLYWHEEL_JOIN_FOLDER (about 2 GB, some minutes; a fresh folder below /tmp when it is not set).
// FLYWHEEL_JOIN_ROWS makes fewer.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <benchmark/benchmark.h>

#include "ports/columns/parquet/parquet_columns.h"
#include "ports/columns/sample_rows.h"
#include "ports/journal/memory_journal.h"
#include "rooms/capture/truth/truth_join.h"

namespace flywheel {
namespace {

constexpr int kDays = 30;
constexpr std::int64_t kRowsOfASegment = 100'000;

std::int64_t rows_wanted() {
    const char* wanted = std::getenv("FLYWHEEL_JOIN_ROWS");
    return wanted != nullptr ? std::atoll(wanted) : 10'000'000;
}

std::filesystem::path folder() {
    const char* wanted = std::getenv("FLYWHEEL_JOIN_FOLDER");
    return wanted != nullptr ? wanted : "/tmp/flywheel-join";
}

/// Ids follow from the number of the row alone, so that feedback can name any of them.
Id<Prediction> id_of(std::int64_t number, Time time) {
    Rng rng(static_cast<std::uint64_t>(number) + 1);
    return {Id<Prediction>::random(time, rng).uuid.with_row(0)};
}

Time time_of(std::int64_t number) {
    return testing::sample_day(0) + Duration(number * (kDays * 86'400'000'000LL / rows_wanted()));
}

Prediction row_of(std::int64_t number, Rng& rng) {
    Prediction row = testing::sample_prediction(time_of(number), rng);
    row.id = id_of(number, row.time);
    row.request_id = number % 5 == 0 ? "order " + std::to_string(number) : row.id.text();
    row.embedding.clear();
    return row;
}

/// One row in ten, in another order than they were served; one signal in twenty is about nothing.
Feedback signal_of(std::int64_t number, Rng& rng) {
    const auto about =
        static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(rows_wanted())));
    const Time served = time_of(about);
    const Time arrived =
        served + Duration(static_cast<std::int64_t>(rng.below(30 * 86'400'000'000ULL)));
    std::string target = id_of(about, served).text();
    if (about % 5 == 0 && number % 2 == 0) {
        target = "order " + std::to_string(about);
    }
    if (number % 20 == 0) {
        target = "lost " + std::to_string(number);
    }
    Feedback said = testing::sample_feedback(target, arrived, rng);
    said.kind = static_cast<FeedbackKind>(rng.below(4));
    said.source = static_cast<FeedbackSource>(rng.below(3));
    said.value = static_cast<double>(rng.below(2));
    return said;
}

void make_columns() {
    const auto done = folder() / "done";
    if (std::filesystem::exists(done)) {
        return;
    }
    std::filesystem::remove_all(folder());
    auto columns = ParquetColumns::open(folder()).value();
    Rng rng(7);
    std::uint64_t segment = 0;
    const std::int64_t signals = rows_wanted() / 10;
    for (std::int64_t first = 0; first < rows_wanted(); first += kRowsOfASegment) {
        std::vector<Prediction> rows;
        std::vector<Feedback> said;
        const std::int64_t last = std::min(rows_wanted(), first + kRowsOfASegment);
        for (std::int64_t number = first; number < last; ++number) {
            rows.push_back(row_of(number, rng));
        }
        for (std::int64_t number = first / 10; number < std::min(signals, last / 10); ++number) {
            said.push_back(signal_of(number, rng));
        }
        CHECK(columns->write_segment(++segment, {rows, said}).has_value());
    }
    std::ofstream(done) << "done\n";
}

double megabytes_of_status(const char* line_begin) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with(line_begin)) {
            return std::atof(line.c_str() + line.find(':') + 1) / 1024;
        }
    }
    return 0;
}

void BM_JoinTruth(benchmark::State& state) {
    make_columns();
    std::ofstream("/proc/self/clear_refs") << "5";  // the peak so far is of no interest
    for (auto _ : state) {
        auto columns = ParquetColumns::open(folder()).value();
        MemoryJournal journal;
        const ManualClock clock(testing::sample_day(90));
        auto capture = Capture::open({}, journal, *columns, clock).value();
        const TruthPlan plan{
            .model = "news",
            .served = {Time::min(), Time::max()},
            .as_of = testing::sample_day(90),
            .label_name = [](std::string_view,
                             std::int64_t) { return std::string_view("economy"); },
        };
        std::int64_t emitted = 0;
        const auto counts = join_truth(*capture, plan, [&](const JoinedRow&) {
            ++emitted;
            return Result<void>();
        });
        CHECK(counts.has_value() && counts->rows == rows_wanted());
        CHECK(counts->signals == rows_wanted() / 10 && counts->with_truth == emitted);
        state.counters["truths"] = static_cast<double>(counts->with_truth);
        state.counters["joined"] = static_cast<double>(counts->joined);
    }
    state.counters["peak_MiB"] = megabytes_of_status("VmHWM");
    state.SetItemsProcessed(state.iterations() * rows_wanted());
}

BENCHMARK(BM_JoinTruth)->Unit(benchmark::kSecond)->Iterations(1)->MeasureProcessCPUTime();

}  // namespace
}  // namespace flywheel

BENCHMARK_MAIN();
