#pragma once
// SPDX-License-Identifier: Apache-2.0
// Project: the composition root. The only place that names concrete adapters: it opens the
// directory, makes the rooms, and gives each the readers and writers its constructor asks for.
// Owned by a command; its parts may be called by the threads their own headers say.

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "app/settings.h"
#include "base/clock.h"
#include "base/result.h"
#include "gateway/trail/audit_log.h"
#include "loop/conductor.h"
#include "ports/engine/engines.h"
#include "ports/fleet/fleet.h"
#include "ports/journal/journal.h"
#include "ports/ledger/ledger.h"
#include "ports/vault/vault.h"
#include "rooms/capture/capture.h"
#include "rooms/evaluation/neighbourhood.h"
#include "rooms/serving/serving.h"

namespace flywheel::app {

/// Replacements for tests: a decorator around a port, jobs without a subprocess.
struct Seams {
    std::function<std::unique_ptr<Ledger>(Ledger&)> ledger;
    std::function<std::unique_ptr<Vault>(Vault&)> vault;
    std::function<std::unique_ptr<Journal>(Journal&)> journal;
    bool jobs_in_process = false;  ///< True: no subprocess; also when `program` is empty.
};

struct OpenOptions {
    std::filesystem::path program;  ///< This executable, for `flywheel job`.
    loop::Listeners listeners;      ///< served_changed is set by the project itself.
    std::optional<std::uint64_t>
        id_seed;  ///< Set: Prediction ids follow from it and the request (replays repeat).
    Seams seams;
};

/// What an import did, for people and for --json.
struct ImportReport {
    collection::ImportSummary rows;
    labeling::Labeling::ImportReceipt labels;
    std::vector<Rejection>
        unknown_labels;  ///< Rows whose label the schema does not have; at most 100.
    std::int64_t rejected_labels = 0;
    std::vector<std::string> new_labels;  ///< The schema was made from this file: its labels.
    std::int64_t asked = 0;               ///< Rows without a label that people are asked about now.
};

/// How rows of a file come in.
struct ImportWish {
    /// Of a model that has no labels yet; nothing = as the settings say.
    std::optional<TaskKind> kind;
    /// The same; empty = those of the settings, or else those of the file.
    std::vector<std::string> labels;
    bool ask = false;  ///< People are asked about the rows without a label.
};

class Project {
  public:
    /// Makes DIR with a commented flywheel.toml. Conflict when there is one already.
    static Result<void> create(const std::filesystem::path& dir, const Settings& settings);

    /// Opens everything in DIR. Conflict when another process has it; NotFound when DIR is no
    /// project (says how to make one).
    static Result<std::unique_ptr<Project>> open(
        const std::filesystem::path& dir, const Clock& clock, OpenOptions options = {}
    );
    /// Flushes and seals what was captured.
    ~Project();
    Project(const Project&) = delete;
    Project& operator=(const Project&) = delete;

    /// Imports a labelled (or unlabelled) file: Examples, label events, and the schema when there
    /// is none yet.
    Result<ImportReport> import_file(
        const std::filesystem::path& file, const ColumnNames& columns, const ImportWish& wish = {}
    );
    /// The same from any source; `digest` identifies its content.
    Result<ImportReport> import_source(
        const Source& source, const Digest& digest, const ImportWish& wish = {}
    );

    [[nodiscard]] const std::filesystem::path& dir() const { return dir_; }

    [[nodiscard]] const Settings& settings() const { return settings_; }

    [[nodiscard]] const Clock& clock() const { return clock_; }

    [[nodiscard]] Ledger& ledger();
    [[nodiscard]] Vault& vault();
    [[nodiscard]] const Engine& engine() const;  ///< That fits: linear.
    [[nodiscard]] const Engines& engines() const;
    [[nodiscard]] Journal& journal();
    [[nodiscard]] const Columns& columns() const;
    [[nodiscard]] Capture& capture();
    [[nodiscard]] serving::Serving& serving();
    [[nodiscard]] collection::Collection& collection();
    [[nodiscard]] monitoring::Monitoring& monitoring();
    [[nodiscard]] labeling::Labeling& labeling();
    [[nodiscard]] datasets::Datasets& datasets();
    [[nodiscard]] compression::Compression& compression();
    [[nodiscard]] const evaluation::Evaluator& evaluation() const;
    [[nodiscard]] evaluation::Neighbourhood& neighbourhood();
    [[nodiscard]] release::Release& release();
    [[nodiscard]] loop::Conductor& conductor();
    /// What people and callers did to it.
    [[nodiscard]] const trail::AuditLog& audit() const;

  private:
    struct Parts;  // adapters and rooms, in the order they depend on each other

    Project(std::filesystem::path dir, Settings settings, const Clock& clock);

    std::filesystem::path dir_;
    Settings settings_;
    const Clock& clock_;
    std::unique_ptr<Parts> parts_;
};

/// Job bodies by kind, on the given engine: what `flywheel job` runs.
[[nodiscard]] JobTable job_table(const Engine& engine);

}  // namespace flywheel::app
