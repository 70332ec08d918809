// SPDX-License-Identifier: Apache-2.0
#include "app/project.h"

#include <algorithm>
#include <map>
#include <thread>

#include <fmt/format.h>

#include "app/disk_use.h"
#include "app/imports/imported_models.h"
#include "app/key_file.h"
#include "base/log.h"
#include "base/rng.h"
#include "ports/columns/parquet/parquet_columns.h"
#include "ports/engine/linear/linear_engine.h"
#include "ports/fleet/local/local_fleet.h"
#include "ports/journal/segments/segment_journal.h"
#include "ports/ledger/sqlite/sqlite_ledger.h"
#include "ports/notify/log/log_notifier.h"
#include "ports/vault/folder/directory_lock.h"
#include "ports/vault/folder/folder_vault.h"
#include "rooms/training/jobs.h"

namespace flywheel::app {

namespace {

std::unique_ptr<Fleet> make_fleet(const OpenOptions& options, const Engine& engine) {
    if (options.seams.jobs_in_process || options.program.empty()) {
        return std::make_unique<InProcessFleet>(job_table(engine));
    }
    return local::make_fleet(options.program);
}

}  // namespace

JobTable job_table(const Engine& engine) {
    JobTable table;
    table.emplace("tune", training::tune_job(engine));
    table.emplace("train", training::train_job(engine));
    return table;
}

/// Adapters first, then the rooms in the order of the wheel. Reading the constructor calls is
/// reading the data flow.
struct Project::Parts {
    std::optional<folder::DirectoryLock> lock;
    std::unique_ptr<Ledger> sqlite_ledger;
    std::unique_ptr<Vault> folder_vault;
    std::unique_ptr<Journal> segments_journal;
    std::unique_ptr<Ledger> faulty_ledger;  // decorators of tests, otherwise empty
    std::unique_ptr<Vault> faulty_vault;
    std::unique_ptr<Journal> faulty_journal;
    Ledger* ledger = nullptr;
    Vault* vault = nullptr;
    Journal* journal = nullptr;
    std::unique_ptr<Columns> columns;
    std::unique_ptr<Engine> engine;  // the one that fits, and serves what it fitted
    std::unique_ptr<Engine> openvino;
    std::unique_ptr<Engines> engines;
    std::unique_ptr<Fleet> fleet;
    std::unique_ptr<Notifier> notifier;
    std::unique_ptr<Capture> capture;
    std::unique_ptr<serving::Serving> serving;
    std::unique_ptr<collection::Collection> collection;
    std::unique_ptr<monitoring::Monitoring> monitoring;
    std::unique_ptr<selection::Selection> selection;
    std::unique_ptr<labeling::Labeling> labeling;
    std::unique_ptr<datasets::Datasets> datasets;
    std::unique_ptr<training::Training> training;
    std::unique_ptr<compression::Compression> compression;
    std::unique_ptr<evaluation::Evaluator> evaluation;
    std::unique_ptr<evaluation::Neighbourhood> neighbourhood;
    std::unique_ptr<release::Release> release;
    std::unique_ptr<loop::Conductor> conductor;
    std::unique_ptr<trail::AuditLog> audit;

    template <class Record>
    [[nodiscard]] Reader<Record> reads() const {
        return Reader<Record>(*ledger);
    }

    template <class Record>
    [[nodiscard]] Writer<Record> writes() const {
        return Writer<Record>(*ledger);
    }

    Result<void> open_ports(const std::filesystem::path& dir, const Seams& seams) {
        sqlite_ledger = TRY(sqlite::open(dir / "ledger.db").within("ledger"));
        folder_vault = TRY(folder::open(dir / "vault").within("vault"));
        segments_journal = TRY(SegmentJournal::open(dir / "journal", {}).within("journal"));
        columns = TRY(ParquetColumns::open(dir / "columns").within("columns"));
        faulty_ledger = seams.ledger ? seams.ledger(*sqlite_ledger) : nullptr;
        faulty_vault = seams.vault ? seams.vault(*folder_vault) : nullptr;
        faulty_journal = seams.journal ? seams.journal(*segments_journal) : nullptr;
        ledger = faulty_ledger ? faulty_ledger.get() : sqlite_ledger.get();
        vault = faulty_vault ? faulty_vault.get() : folder_vault.get();
        journal = faulty_journal ? faulty_journal.get() : segments_journal.get();
        return {};
    }

    Result<Capture::Plan> capture_plan(
        const std::filesystem::path& dir, const CaptureSettings& settings, const Clock& clock
    ) const {
        Capture::Plan plan;
        Rng rng(fresh_seed());
        plan.instance = Uuid::random(clock.now(), rng);
        plan.rows = settings.rows;
        plan.sync = settings.sync;
        plan.key_rows_per_hour = static_cast<std::uint64_t>(settings.key_rows_per_hour);
        plan.policy =
            TRY(CapturePolicy::make(settings.rules, static_cast<std::uint64_t>(settings.seed)));
        plan.key = SecretKey(TRY(read_or_make_key(dir / "keys" / "capture.key")));
        plan.redaction = TRY(Redaction::make(settings.redact, plan.key));
        plan.lifetimes = settings.lifetimes;
        plan.forget = [this](const std::vector<Digest>& payloads) { return forget(payloads); };
        plan.disk = [this, dir, most = settings.disk_max_gib * 0x1.0p30] {
            return disk_use(dir, most, journal->health().bytes + columns->bytes().value_or(0));
        };
        return plan;
    }

    /// Examples lose what was erased, and the ledger's files every trace of it.
    Result<CopiesGone> forget(const std::vector<Digest>& payloads) const {
        auto gone = TRY(collection->forget(payloads));
        TRY(ledger->scrub());
        return CopiesGone{gone.cleared, std::move(gone.imported)};
    }

    void make_rooms(
        const Settings& settings, const Clock& clock, std::optional<std::uint64_t> id_seed
    ) {
        serving::Plan serving_plan;
        serving_plan.prior_discount = settings.prior_discount;
        serving_plan.id_seed = id_seed;
        serving_plan.batching = settings.batching;
        serving_plan.model_batching = settings.model_batching;
        serving_plan.policies = settings.policies;
        serving_plan.captured = capture.get();
        serving_plan.max_rows = static_cast<std::size_t>(settings.limits.rows);
        serving_plan.keep_outputs = settings.capture.full_outputs;
        serving = std::make_unique<serving::Serving>(
            reads<Rollout>(),
            reads<ModelVersion>(),
            reads<Correction>(),
            *vault,
            *engines,
            *capture,
            clock,
            serving_plan
        );
        collection = std::make_unique<collection::Collection>(*capture, writes<Example>());
        monitoring = std::make_unique<monitoring::Monitoring>(
            *capture, reads<LabelTask>(), reads<LabelEvent>(), writes<Profile>(), writes<Incident>()
        );
        selection = std::make_unique<selection::Selection>(
            *capture, reads<Example>(), reads<LabelEvent>(), writes<LabelTask>()
        );
        labeling = std::make_unique<labeling::Labeling>(
            reads<LabelTask>(),
            reads<Example>(),
            writes<LabelEvent>(),
            writes<Schema>(),
            clock,
            settings.labeling
        );
        datasets = std::make_unique<datasets::Datasets>(
            reads<Example>(), reads<LabelEvent>(), reads<Schema>(), writes<DatasetVersion>(), *vault
        );
        training = std::make_unique<training::Training>(*fleet, *vault, writes<TrainingRun>());
        compression =
            std::make_unique<compression::Compression>(*engine, *vault, writes<ModelVersion>());
        evaluation = std::make_unique<evaluation::Evaluator>(
            *vault,
            *engine,
            *capture,
            reads<LabelTask>(),
            reads<LabelEvent>(),
            reads<ModelVersion>(),
            reads<Example>(),
            writes<Evaluation>(),
            writes<Correction>()
        );
        neighbourhood = std::make_unique<evaluation::Neighbourhood>(*vault, *engine);
        release = std::make_unique<release::Release>(
            reads<Evaluation>(), reads<ModelVersion>(), writes<Rollout>()
        );
    }

    void make_conductor(const loop::Policy& policy, const Clock& clock, loop::Listeners listeners) {
        listeners.served_changed = [this](const std::string& model) -> Result<void> {
            auto loaded = serving->refresh(model);
            // Before the first Rollout there is nothing to load.
            return !loaded && loaded.error().code == Code::NotFound ? Result<void>() : loaded;
        };
        conductor = std::make_unique<loop::Conductor>(
            loop::Rooms{
                *collection,
                *monitoring,
                *selection,
                *labeling,
                *datasets,
                *training,
                *compression,
                *evaluation,
                *release
            },
            *capture,
            loop::Records{writes<Turn>(), writes<TurnStep>(), writes<Decision>()},
            clock,
            *notifier,
            policy,
            std::move(listeners)
        );
    }
};

Project::Project(std::filesystem::path dir, Settings settings, const Clock& clock)
    : dir_(std::move(dir)),
      settings_(std::move(settings)),
      clock_(clock),
      parts_(std::make_unique<Parts>()) {}

Project::~Project() {
    if (parts_->capture) {
        if (auto stopped = parts_->capture->stop(); !stopped) {
            log_error("captured rows not flushed", {{"error", stopped.error().message}});
        }
    }
}

Result<void> Project::create(const std::filesystem::path& dir, const Settings& settings) {
    std::error_code failed;
    std::filesystem::create_directories(dir, failed);
    if (failed) {
        return make_error(
            Code::Unavailable,
            fmt::format("Cannot make the project folder: {}: {}", dir.string(), failed.message())
        );
    }
    return write_settings(dir / "flywheel.toml", settings);
}

Result<std::unique_ptr<Project>> Project::open(
    const std::filesystem::path& dir, const Clock& clock, OpenOptions options
) {
    std::error_code ignored;
    if (!std::filesystem::exists(dir / "flywheel.toml", ignored)) {
        return not_found(fmt::format(
            "No Flywheel project here; make one with `flywheel init {}`: {}",
            dir.string(),
            dir.string()
        ));
    }
    Settings settings = TRY(read_settings(dir / "flywheel.toml"));
    settings.policy.model = settings.model;
    settings.policy.scratch = dir / "scratch";
    std::unique_ptr<Project> project(new Project(dir, std::move(settings), clock)
    );  // private constructor
    Parts& parts = *project->parts_;
    parts.lock.emplace(TRY(folder::DirectoryLock::take(dir)));
    TRY(parts.open_ports(dir, options.seams));
    parts.engine = linear::make_engine();
    parts.openvino = make_openvino(project->settings_.engines, options.program);
    parts.engines = std::make_unique<Engines>(
        std::initializer_list<const Engine*>{parts.engine.get(), parts.openvino.get()}
    );
    parts.fleet = make_fleet(options, *parts.engine);
    parts.notifier = std::make_unique<notify::LogNotifier>(clock);
    parts.capture = TRY(Capture::open(
                            TRY(parts.capture_plan(dir, project->settings_.capture, clock)),
                            *parts.journal,
                            *parts.columns,
                            clock
    )
                            .within("capture"));
    parts.capture->start();
    parts.make_rooms(project->settings_, clock, options.id_seed);
    parts.audit = std::make_unique<trail::AuditLog>(parts.writes<AuditEvent>(), clock);
    parts.make_conductor(project->settings_.policy, clock, std::move(options.listeners));
    TRY(load_served(*parts.serving, project->settings_.model).within("load what is served"));
    return project;
}

Ledger& Project::ledger() {
    return *parts_->ledger;
}

Vault& Project::vault() {
    return *parts_->vault;
}

const Engines& Project::engines() const {
    return *parts_->engines;
}

const Engine& Project::engine() const {
    return *parts_->engine;
}

Journal& Project::journal() {
    return *parts_->journal;
}

const Columns& Project::columns() const {
    return *parts_->columns;
}

Capture& Project::capture() {
    return *parts_->capture;
}

serving::Serving& Project::serving() {
    return *parts_->serving;
}

collection::Collection& Project::collection() {
    return *parts_->collection;
}

monitoring::Monitoring& Project::monitoring() {
    return *parts_->monitoring;
}

labeling::Labeling& Project::labeling() {
    return *parts_->labeling;
}

datasets::Datasets& Project::datasets() {
    return *parts_->datasets;
}

compression::Compression& Project::compression() {
    return *parts_->compression;
}

const evaluation::Evaluator& Project::evaluation() const {
    return *parts_->evaluation;
}

evaluation::Neighbourhood& Project::neighbourhood() {
    return *parts_->neighbourhood;
}

release::Release& Project::release() {
    return *parts_->release;
}

const trail::AuditLog& Project::audit() const {
    return *parts_->audit;
}

loop::Conductor& Project::conductor() {
    return *parts_->conductor;
}

}  // namespace flywheel::app
