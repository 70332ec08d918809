#pragma once
// SPDX-License-Identifier: Apache-2.0
// TrainingRun: one fit, with enough stored to run it again. Written by the room training only.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "records/dataset_version.h"
#include "records/field.h"

namespace flywheel {

struct Turn;

enum class RunKind { Trial, Final };

inline std::span<const std::string_view> names_of(RunKind) {
    static constexpr std::array<std::string_view, 2> kNames = {"trial", "final"};
    return kNames;
}

struct TrainingRun {
    static constexpr std::string_view kTable = "training_run";

    Id<TrainingRun> id;
    std::string model;
    std::optional<Id<Turn>> turn;
    RunKind kind = RunKind::Final;
    Digest dataset;      ///< DatasetVersion.id
    std::string engine;  ///< "linear"
    JsonText settings;   ///< All settings, after defaults.
    std::int64_t seed = 0;
    std::int64_t trial = 0;      ///< Number within its search, 0 for final.
    std::int64_t rung = 0;       ///< Rung reached in successive halving.
    std::optional<double> loss;  ///< Log-loss on `valid`; null when there is none or it failed.
    JsonText
        metrics;  ///< {"train_rows":..,"valid_rows":..,"valid_accuracy":..,"curve":[[pass,loss],..]}
    std::optional<Digest> weights;  ///< Vault blob: float safetensors; null for trials.
    double cpu_seconds = 0;
    /// Final: the most that its job's process held. Trial: the most that the job of all trials held
    /// while this one was fitted, the rows and what an allocator kept of earlier trials included. 0
    /// = not known.
    std::int64_t peak_rss_bytes = 0;
    std::string error;  ///< Empty when it succeeded.
    Time created;

    static void fields(auto&& visit) {
        visit("id", &TrainingRun::id);
        visit("model", &TrainingRun::model);
        visit("turn", &TrainingRun::turn);
        visit("kind", &TrainingRun::kind);
        visit("dataset", &TrainingRun::dataset);
        visit("engine", &TrainingRun::engine);
        visit("settings", &TrainingRun::settings);
        visit("seed", &TrainingRun::seed);
        visit("trial", &TrainingRun::trial);
        visit("rung", &TrainingRun::rung);
        visit("loss", &TrainingRun::loss);
        visit("metrics", &TrainingRun::metrics);
        visit("weights", &TrainingRun::weights);
        visit("cpu_seconds", &TrainingRun::cpu_seconds);
        visit("peak_rss_bytes", &TrainingRun::peak_rss_bytes);
        visit("error", &TrainingRun::error);
        visit("created", &TrainingRun::created);
    }
};

extern template struct RecordCodec<TrainingRun>;

}  // namespace flywheel
