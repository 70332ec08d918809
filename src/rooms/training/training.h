#pragma once
// SPDX-License-Identifier: Apache-2.0
// Training: searches settings and fits models in jobs, and keeps a TrainingRun of each fit. Called
// by loop/, one thread; the fits run elsewhere (Fleet). The bodies of the jobs are in jobs.h.

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ports/engine/engine.h"
#include "ports/fleet/fleet.h"
#include "ports/ledger/ledger.h"
#include "ports/vault/vault.h"
#include "records/training_run.h"
#include "rooms/training/fits.h"

namespace flywheel::training {

/// A labelled row as a job gets it.
struct PackRow {
    std::string text;
    std::int64_t label = -1;
    float weight = 1.0F;
    std::uint64_t group = 0;  ///< Hash of the near-duplicate group.
    bool valid =
        false;  ///< Split `valid`: judges the settings tried; the final fit learns from it too.
};

/// What one fit may look at. It is written to a file that the jobs read.
struct Pack {
    std::vector<PackRow> rows;
    std::vector<std::string> unlabelled;  ///< Captured texts, for statistics.
    std::int32_t classes = 0;
};

struct Plan {
    std::string model;
    std::optional<Id<Turn>> turn;
    Digest dataset;
    std::string engine = "linear";
    int trials = 4;  ///< Settings tried by successive halving; 1 = the defaults, no search.
    std::uint64_t seed = 0;
    std::filesystem::path
        scratch;  ///< Folder of this Turn; pack, checkpoint and job results live there.
    Time now;
};

class Training {
  public:
    Training(Fleet& fleet, Vault& vault, Writer<TrainingRun> runs);

    /// Random search with successive halving over the engine's few settings, judged by log-loss on
    /// split `valid`. Finished trials survive a killed job (checkpoint in `scratch`). Returns the
    /// best settings; each trial is a TrainingRun. With fewer than `kValidRowsMin` valid rows
    /// nothing can be compared: the defaults come back.
    Result<EngineSettings> tune(const Plan& plan, const Pack& pack, const JobProgress& progress);

    /// The final fit with the chosen settings; weights go to the vault. A second run finds the
    /// first one's record.
    Result<TrainingRun> train(
        const Plan& plan,
        const Pack& pack,
        const EngineSettings& settings,
        const JobProgress& progress
    );

    /// Makes a job under way stop (its call returns Cancelled). Any thread.
    void stop() { stop_.store(true); }

    /// What the search or the fit under way has told so far. Its methods that are const: any
    /// thread.
    [[nodiscard]] const Fits& fits() const { return fits_; }

    static constexpr std::size_t kValidRowsMin = 30;

  private:
    /// Lines go to fits_ first, then to `progress`, which must outlive what is made.
    JobProgress told(const JobProgress& progress);

    Fleet& fleet_;
    Vault& vault_;
    Writer<TrainingRun> runs_;
    Fits fits_;
    std::atomic<bool> stop_ = false;
};

}  // namespace flywheel::training
