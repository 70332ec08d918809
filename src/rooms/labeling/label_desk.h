#pragma once
// SPDX-License-Identifier: Apache-2.0
// LabelDesk: a Labeling room on an in-memory ledger with tasks made by hand. For this room's tests
// and benchmark only; one thread.

#include <memory>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/rng.h"
#include "ports/ledger/sqlite/sqlite_ledger.h"
#include "records/label_fold.h"
#include "rooms/labeling/labeling.h"

namespace flywheel::labeling {

struct LabelDesk {
    explicit LabelDesk(
        std::unique_ptr<Ledger> where = sqlite::open_in_memory().value(), Plan the_plan = one_pass()
    )
        : plan(the_plan), ledger(std::move(where)) {}

    /// Nobody is asked what is answered already.
    static Plan one_pass() {
        Plan plan;
        plan.second_share = 0;
        plan.gold_share = 0;
        return plan;
    }

    Rng rng{1};
    ManualClock clock{Time(std::chrono::hours(24 * 18'000))};
    std::string model = "news";
    Plan plan;
    std::unique_ptr<Ledger> ledger;
    Labeling room{
        Reader<LabelTask>(*ledger),
        Reader<Example>(*ledger),
        Writer<LabelEvent>(*ledger),
        Writer<Schema>(*ledger),
        clock,
        plan
    };

    std::unique_ptr<Labeling> another_room() {
        return std::make_unique<Labeling>(
            Reader<LabelTask>(*ledger),
            Reader<Example>(*ledger),
            Writer<LabelEvent>(*ledger),
            Writer<Schema>(*ledger),
            clock,
            plan
        );
    }

    void example(const std::string& text) {
        Example example;
        example.id = sha256(text);
        example.group = example.id;
        example.payload = text;
        CHECK(ledger->insert(table_of<Example>(), to_row(example)));
    }

    static Id<Turn> turn(int number) {
        return Id<Turn>::derived(Time(std::chrono::hours(number)), "turn");
    }

    Id<LabelTask> task(
        const std::string& text,
        int turn_number,
        int rank,
        bool holdout = false,
        std::int64_t suggested = -1
    ) {
        example(text);
        LabelTask task;
        task.suggested = suggested;
        task.id = Id<LabelTask>::random(clock.now(), rng);
        task.model = model;
        task.item = sha256(text);
        task.group = task.item;
        task.turn = turn(turn_number);
        task.rank = rank;
        task.probability = 0.25;
        task.holdout = holdout;
        CHECK(ledger->insert(table_of<LabelTask>(), to_row(task)));
        return task.id;
    }

    std::string event_id() { return Id<LabelEvent>::random(clock.now(), rng).text(); }

    [[nodiscard]] std::int64_t events() const {
        return Reader<LabelEvent>(*ledger).count().value();
    }

    [[nodiscard]] LabelFold fold() const {
        LabelFold fold;
        const auto in_order =
            Where<LabelEvent>().eq(&LabelEvent::model, "news").order(&LabelEvent::seq);
        const auto log = Reader<LabelEvent>(*ledger).select(in_order).value();
        for (const auto& event : log) {
            fold.add(event);
        }
        return fold;
    }
};

}  // namespace flywheel::labeling
