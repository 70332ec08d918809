// SPDX-License-Identifier: Apache-2.0
#include "turns/world.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/rng.h"
#include "rooms/serving/serving.h"

namespace flywheel::testing {

namespace {

app::Cut must_cut(const app::Stream& stream, const WorldPlan& plan) {
    auto cut = app::cut_stream(stream, plan.train_until, "month");
    return std::move(cut).value();
}

/// Columns that hold measured time or memory, which no two runs share.
bool is_measured(std::string_view column) {
    return column == "cpu_seconds" || column == "peak_rss_bytes";
}

template <class Record>
Result<std::string> table_digest(const Ledger& ledger) {
    std::string all;
    std::int64_t rows = 0;
    const auto& table = table_of<Record>();
    TRY(ledger.each(table, {}, [&](const Row& row) -> Result<void> {
        ++rows;
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (is_measured(table.columns[i])) {
                continue;
            }
            std::visit(
                [&](const auto& value) {
                    using T = std::decay_t<decltype(value)>;
                    if constexpr (std::is_same_v<T, std::monostate>) {
                        all += "null;";
                    } else {
                        all += fmt::format("{};", value);
                    }
                },
                row[i]
            );
        }
        all += '\n';
        return {};
    }));
    return fmt::format("{} {} {}\n", Record::kTable, rows, sha256(all).hex().substr(0, 16));
}

}  // namespace

World::World(std::filesystem::path dir, WorldPlan plan)
    : dir_(std::move(dir)),
      plan_(std::move(plan)),
      stream_(app::generate_stream({plan_.seed, plan_.rows, 3, plan_.years, 0.1, 0.0})),
      cut_(must_cut(stream_, plan_)),
      clock_(stream_.rows[cut_.train_end].time) {}

Result<void> World::open(app::Seams seams) {
    std::error_code ignored;
    if (!std::filesystem::exists(dir_ / "flywheel.toml", ignored)) {
        app::Settings settings;
        settings.model = "news";
        settings.labels = stream_.labels;
        settings.policy.label_share = plan_.label_share;
        settings.policy.trials = plan_.trials;
        settings.policy.seed = plan_.seed;
        TRY(app::Project::create(dir_, settings));
    }
    seams.jobs_in_process = true;
    app::OpenOptions options;
    options.seams = std::move(seams);
    options.id_seed = plan_.seed;
    project_ = TRY(app::Project::open(dir_, clock_, std::move(options)));
    return {};
}

Result<void> World::train_first() {
    const Time starts = stream_.rows[cut_.train_end].time;
    const auto first =
        TRY(Reader<Turn>(project_->ledger()).first(Where<Turn>().eq(&Turn::number, 1)));
    if (!first) {
        clock_.set(starts);
        const app::StreamSource source(stream_, 0, cut_.train_end);
        TRY(project_->import_source(source, sha256("world")));
    }
    TRY(finish(1, starts, "first model"));
    return {};
}

Result<void> World::serve(std::size_t number) {
    const auto& period = cut_.periods.at(number);
    std::set<std::string> captured;
    TRY(project_->capture().flush());
    const TimeRange window{stream_.rows[period.begin].time, period.closes};
    for (const auto& row : TRY(project_->capture().predictions("news", window))) {
        captured.insert(row.request_id);
    }
    for (std::size_t i = period.begin; i < period.end; ++i) {
        const auto& row = stream_.rows[i];
        if (captured.contains(row.id)) {
            continue;
        }
        clock_.set(row.time);
        const std::string_view text = row.text;
        serving::InferRequest request;
        request.model = "news";
        request.request_id = row.id;
        request.texts = {&text, 1};
        TRY(project_->serving().infer(request));
    }
    return {};
}

Result<Turn> World::turn(std::size_t number) {
    return finish(static_cast<std::int64_t>(number) + 2, cut_.periods.at(number).closes, "cadence");
}

Result<void> World::run(std::size_t count) {
    TRY(train_first());
    for (std::size_t i = 0; i < count; ++i) {
        const auto known =
            TRY(Reader<Turn>(project_->ledger())
                    .first(Where<Turn>().eq(&Turn::number, static_cast<std::int64_t>(i) + 2)));
        if (!known) {
            TRY(serve(i));
        }
        TRY(turn(i));
    }
    return {};
}

Result<Turn> World::finish(std::int64_t number, Time window_end, const std::string& trigger) {
    const Reader<Turn> turns(project_->ledger());
    const auto known = TRY(turns.first(Where<Turn>().eq(&Turn::number, number)));
    clock_.set(window_end);
    if (!known) {
        TRY(project_->conductor().open(trigger, window_end));
    } else if (known->state == TurnState::Done) {
        return *known;
    }
    Turn turn = TRY(project_->conductor().advance());
    while (turn.state == TurnState::Waiting) {
        TRY(answer_open_tasks());
        turn = TRY(project_->conductor().advance());
    }
    return turn;
}

Result<void> World::answer_open_tasks() {
    std::unordered_map<std::string_view, std::int32_t> truth;
    for (const auto& row : stream_.rows) {
        truth.emplace(row.text, row.label);
    }
    for (;;) {
        const auto questions = TRY(project_->labeling().next("news", "tester", 20));
        if (questions.empty()) {
            return {};
        }
        for (const auto& question : questions) {
            labeling::AnswerRequest answer;
            answer.task_id = question.task.id.text();
            answer.event_id =
                Uuid::derived(question.task.created, "answer " + answer.task_id).text();
            answer.actor = "tester";
            answer.label = stream_.labels.at(static_cast<std::size_t>(truth.at(question.payload)));
            TRY(project_->labeling().answer(answer));
        }
    }
}

Result<std::string> World::fingerprint() const {
    const Ledger& ledger = project_->ledger();
    std::string whole;
    whole += TRY(table_digest<Example>(ledger));
    whole += TRY(table_digest<LabelTask>(ledger));
    whole += TRY(table_digest<LabelEvent>(ledger));
    whole += TRY(table_digest<DatasetVersion>(ledger));
    whole += TRY(table_digest<TrainingRun>(ledger));
    whole += TRY(table_digest<ModelVersion>(ledger));
    whole += TRY(table_digest<Evaluation>(ledger));
    whole += TRY(table_digest<Correction>(ledger));
    whole += TRY(table_digest<Rollout>(ledger));
    whole += TRY(table_digest<Profile>(ledger));
    whole += TRY(table_digest<Incident>(ledger));
    whole += TRY(table_digest<Turn>(ledger));
    whole += TRY(table_digest<TurnStep>(ledger));
    whole += TRY(table_digest<Decision>(ledger));
    return whole;
}

}  // namespace flywheel::testing
