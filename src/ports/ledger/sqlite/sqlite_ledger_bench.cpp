// SPDX-License-Identifier: Apache-2.0
// Bars: 300,000 small rows/s inserted in a transaction; one durable commit under 10 ms.
#include <benchmark/benchmark.h>

#include "ports/ledger/sqlite/sqlite_ledger.h"
#include "records/label_task.h"
#include "records/turn.h"
#include "temp_folder.h"

namespace flywheel::sqlite {

namespace {

TurnStep step(std::int64_t n) {
    TurnStep made;
    made.id = sha256(std::to_string(n));
    made.turn = Id<Turn>::derived(Time(), "turn");
    made.name = std::to_string(n);
    made.output.text = "{}";
    return made;
}

std::vector<Row> rows_from(std::int64_t first, std::int64_t count) {
    std::vector<Row> rows;
    for (std::int64_t n = first; n < first + count; ++n) {
        rows.push_back(to_row(step(n)));
    }
    return rows;
}

void insert_in_bulk(benchmark::State& state) {
    const testing::TempFolder folder;
    auto ledger = *open(folder.path() / "ledger.db");
    std::int64_t first = 0;
    for (auto _ : state) {
        state.PauseTiming();
        const auto rows = rows_from(first, 100000);
        first += 100000;
        state.ResumeTiming();
        auto transaction = *ledger->begin();
        for (const auto& row : rows) {
            CHECK(ledger->insert(table_of<TurnStep>(), row).has_value());
        }
        CHECK(transaction->commit().has_value());
    }
    state.SetItemsProcessed(first);
}

BENCHMARK(insert_in_bulk)->Iterations(3)->Unit(benchmark::kMillisecond);

void insert_label_tasks(benchmark::State& state) {
    const testing::TempFolder folder;
    auto ledger = *open(folder.path() / "ledger.db");
    std::int64_t made = 0;
    for (auto _ : state) {
        state.PauseTiming();
        std::vector<Row> rows;
        for (int n = 0; n < 100000; ++n, ++made) {
            LabelTask task;
            const auto key = std::to_string(made);
            task.id = Id<LabelTask>::derived(Time(std::chrono::milliseconds(made)), key);
            task.model = "news";
            task.item = sha256(key);
            task.group = task.item;
            task.strategy = "margin";
            task.rank = n;
            rows.push_back(to_row(task));
        }
        state.ResumeTiming();
        auto transaction = *ledger->begin();
        for (const auto& row : rows) {
            CHECK(ledger->insert(table_of<LabelTask>(), row).has_value());
        }
        CHECK(transaction->commit().has_value());
    }
    state.SetItemsProcessed(made);
}

BENCHMARK(insert_label_tasks)->Iterations(3)->Unit(benchmark::kMillisecond);

void insert_durably(benchmark::State& state) {
    const testing::TempFolder folder;
    auto ledger = *open(folder.path() / "ledger.db");
    const Writer<TurnStep> writer(*ledger);
    std::int64_t n = 0;
    for (auto _ : state) {
        CHECK(writer.insert(step(n++)).has_value());
    }
    state.SetItemsProcessed(n);
}

BENCHMARK(insert_durably)->Unit(benchmark::kMicrosecond);

void read_all(benchmark::State& state) {
    const testing::TempFolder folder;
    auto ledger = *open(folder.path() / "ledger.db");
    {
        auto transaction = *ledger->begin();
        for (const auto& row : rows_from(0, 100000)) {
            CHECK(ledger->insert(table_of<TurnStep>(), row).has_value());
        }
        CHECK(transaction->commit().has_value());
    }
    std::int64_t rows = 0;
    for (auto _ : state) {
        CHECK(Reader<TurnStep>(*ledger)
                  .each(
                      {},
                      [&](const TurnStep&) -> Result<void> {
                          ++rows;
                          return {};
                      }
                  )
                  .has_value());
    }
    state.SetItemsProcessed(rows);
}

BENCHMARK(read_all)->Unit(benchmark::kMillisecond);

void find_by_key(benchmark::State& state) {
    auto ledger = *open_in_memory();
    const Writer<TurnStep> writer(*ledger);
    CHECK(writer.insert(step(1)).has_value());
    for (auto _ : state) {
        CHECK(writer.reader().find(step(1).id).has_value());
    }
}

BENCHMARK(find_by_key);

}  // namespace

}  // namespace flywheel::sqlite

BENCHMARK_MAIN();
