// SPDX-License-Identifier: Apache-2.0
// Bars (labels-and-datasets, 10): next task p99 < 20 ms, durable append < 10 ms, chain of 1 M
// events < 5 s.

#include <algorithm>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "rooms/labeling/label_desk.h"
#include "temp_folder.h"

namespace flywheel::labeling {
namespace {

struct Office {
    explicit Office(int tasks) : desk(sqlite::open(folder.path() / "ledger.db").value(), Plan()) {
        CHECK(desk.room.define_schema("news", {"politics", "sports"}));
        const auto transaction = desk.ledger->begin().value();
        for (int i = 0; i < tasks; ++i) {
            ids.push_back(desk.task("headline number " + std::to_string(i), 1 + i / 1000, i % 1000)
            );
        }
        CHECK(transaction->commit());
        desk.room.progress("news", {}).value();
    }

    testing::TempFolder folder;
    LabelDesk desk;
    std::vector<Id<LabelTask>> ids;
};

void report(benchmark::State& state, std::vector<double>& ms) {
    std::sort(ms.begin(), ms.end());
    state.counters["p50_ms"] = ms[ms.size() / 2];
    state.counters["p99_ms"] = ms[ms.size() * 99 / 100];
}

double ms_since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double, std::milli>(monotonic_now() - begin).count();
}

void next_of_open_tasks(benchmark::State& state) {
    Office office(static_cast<int>(state.range(0)));
    std::vector<double> ms;
    int person = 0;
    for (auto _ : state) {
        const auto begin = monotonic_now();
        benchmark::DoNotOptimize(
            office.desk.room.next("news", "person " + std::to_string(person), 20).value()
        );
        ms.push_back(ms_since(begin));
        person = (person + 1) % 100;
    }
    report(state, ms);
}

BENCHMARK(next_of_open_tasks)->Arg(100'000)->Iterations(1000)->Unit(benchmark::kMillisecond);

void next_then_answer(benchmark::State& state) {
    Office office(static_cast<int>(state.range(0)));
    std::vector<double> ms;
    for (auto _ : state) {
        const auto begin = monotonic_now();
        const auto questions = office.desk.room.next("news", "kim", 1).value();
        CHECK(office.desk.room.answer(
            {.task_id = questions.at(0).task.id.text(), .actor = "kim", .label = "sports"}
        ));
        ms.push_back(ms_since(begin));
    }
    report(state, ms);
}

BENCHMARK(next_then_answer)->Arg(100'000)->Iterations(1000)->Unit(benchmark::kMillisecond);

void verify_chain(benchmark::State& state) {
    Office office(0);
    const auto count = static_cast<std::int64_t>(state.range(0));
    std::vector<ImportedLabel> labels;
    {
        const auto transaction = office.desk.ledger->begin().value();
        for (std::int64_t i = 0; i < count; ++i) {
            office.desk.example(std::to_string(i));
            labels.push_back({sha256(std::to_string(i)), "sports", "import:file"});
        }
        CHECK(transaction->commit());
    }
    const auto begin = monotonic_now();
    CHECK(office.desk.room.import_labels("news", sha256("file"), labels));
    state.counters["import_s"] = ms_since(begin) / 1000;
    for (auto _ : state) {
        CHECK(office.desk.room.verify_chain().value() == count);
    }
    const auto fresh = office.desk.another_room();
    const auto load = monotonic_now();
    CHECK(fresh->progress("news", {}));
    state.counters["fold_s"] = ms_since(load) / 1000;
}

BENCHMARK(verify_chain)->Arg(100'000)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace flywheel::labeling

BENCHMARK_MAIN();
