// SPDX-License-Identifier: Apache-2.0
#include "rooms/training/training.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "base/json_value.h"
#include "rooms/training/jobs.h"

namespace flywheel::training {

namespace {

Result<std::filesystem::path> prepare_pack(const Plan& plan, const Pack& pack) {
    std::error_code failed;
    std::filesystem::create_directories(plan.scratch, failed);
    if (failed) {
        return make_error(
            Code::Unavailable,
            fmt::format(
                "Cannot make the scratch folder: {}: {}", plan.scratch.string(), failed.message()
            )
        );
    }
    const auto file = plan.scratch / "pack.jsonl";
    TRY(write_pack(pack, file));
    return file;
}

std::string run_key(const Plan& plan, std::string_view what) {
    return fmt::format(
        "{} {} {} {}", plan.model, plan.turn ? plan.turn->text() : "", plan.dataset.hex(), what
    );
}

TrainingRun new_run(const Plan& plan, RunKind kind, std::int64_t trial) {
    TrainingRun run;
    run.id = Id<TrainingRun>::derived(
        plan.now, run_key(plan, fmt::format("{} {}", enum_name(kind), trial))
    );
    run.model = plan.model;
    run.turn = plan.turn;
    run.kind = kind;
    run.dataset = plan.dataset;
    run.engine = plan.engine;
    run.seed = static_cast<std::int64_t>(plan.seed);
    run.trial = trial;
    run.created = plan.now;
    return run;
}

Result<TrainingRun> trial_run(const Plan& plan, const Json& outcome) {
    TrainingRun run = new_run(plan, RunKind::Trial, TRY(integer_field(outcome, "trial")));
    run.settings.text = canonical(outcome.at("settings"));
    run.rung = TRY(integer_field(outcome, "rung"));
    run.loss = TRY(optional_number(outcome, "loss"));
    run.error = TRY(string_field(outcome, "error"));
    run.cpu_seconds = TRY(number_field(outcome, "cpu_seconds"));
    run.peak_rss_bytes =
        static_cast<std::int64_t>(TRY(optional_number(outcome, "peak_rss_bytes")).value_or(0));
    run.metrics.text = canonical(Json{
        {"valid_accuracy", outcome.value("accuracy", Json())},
        {"curve", outcome.value("curve", Json::array())}
    });
    return run;
}

Result<std::string> read_file(const std::filesystem::path& file) {
    const std::ifstream in(file, std::ios::binary);
    std::ostringstream bytes;
    bytes << in.rdbuf();
    if (!in) {
        return internal_error(fmt::format("The job left no weights: {}", file.string()));
    }
    return std::move(bytes).str();
}

}  // namespace

Training::Training(Fleet& fleet, Vault& vault, Writer<TrainingRun> runs)
    : fleet_(fleet), vault_(vault), runs_(runs) {}

JobProgress Training::told(const JobProgress& progress) {
    return [this, &progress](const std::string& line) {
        fits_.take(line);
        if (progress) {
            progress(line);
        }
    };
}

Result<EngineSettings> Training::tune(
    const Plan& plan, const Pack& pack, const JobProgress& progress
) {
    const auto valid = std::count_if(pack.rows.begin(), pack.rows.end(), [](const PackRow& row) {
        return row.valid;
    });
    if (plan.trials <= 1 || valid < static_cast<std::ptrdiff_t>(kValidRowsMin)) {
        return EngineSettings{"{}"};
    }
    stop_.store(false);  // an earlier stop was meant for an earlier fit
    const auto file = TRY(prepare_pack(plan, pack));
    const Json spec = {
        {"pack", file.string()},
        {"seed", static_cast<std::int64_t>(plan.seed >> 1U)},
        {"trials", plan.trials},
        {"key", plan.dataset.hex()},
        {"checkpoint", (plan.scratch / "tune.checkpoint.jsonl").string()}
    };
    const Fits::Job under_way(
        fits_, {.turn = plan.turn, .kind = RunKind::Trial, .trials = plan.trials, .fits = {}}
    );
    const JobResult job =
        TRY(fleet_.run({"tune", {canonical(spec)}}, plan.scratch / "tune", told(progress), stop_)
                .within("tune"));
    const Json result = TRY(parse_json(job.result.text));
    const auto transaction = TRY(runs_.begin());
    for (const auto& outcome : result.at("trials")) {
        const TrainingRun run = TRY(trial_run(plan, outcome));
        // CPU time differs when a step runs again; the first record stands.
        if (!TRY(runs_.reader().find(run.id))) {
            TRY(runs_.insert(run));
        }
    }
    TRY(transaction->commit());
    return EngineSettings{canonical(result.at("best"))};
}

Result<TrainingRun> Training::train(
    const Plan& plan, const Pack& pack, const EngineSettings& settings, const JobProgress& progress
) {
    TrainingRun run = new_run(plan, RunKind::Final, 0);
    if (auto found = TRY(runs_.reader().find(run.id))) {
        return std::move(*found);
    }
    stop_.store(false);  // an earlier stop was meant for an earlier fit
    const auto file = TRY(prepare_pack(plan, pack));
    const Json spec = {
        {"pack", file.string()},
        {"seed", static_cast<std::int64_t>(plan.seed >> 1U)},
        {"settings", TRY(parse_json(settings.text))}
    };
    const Fits::Job under_way(fits_, {.turn = plan.turn, .kind = RunKind::Final, .fits = {}});
    const JobResult job =
        TRY(fleet_.run({"train", {canonical(spec)}}, plan.scratch / "train", told(progress), stop_)
                .within("train"));
    const Json result = TRY(parse_json(job.result.text));
    const std::string weights = TRY(read_file(job.out / "weights.safetensors"));
    run.weights = TRY(vault_.put(weights));
    run.settings.text = canonical(result.at("settings"));
    run.metrics.text = canonical(result.at("metrics"));
    run.loss = TRY(optional_number(result.at("metrics"), "valid_log_loss"));
    run.cpu_seconds = job.cpu_seconds;
    run.peak_rss_bytes = job.peak_rss_bytes;
    TRY(runs_.insert(run));
    return run;
}

}  // namespace flywheel::training
