#pragma once
// SPDX-License-Identifier: Apache-2.0
// The routes of our own API, /v1: labels, turns, models, datasets, monitoring, status. Each group
// is one file that translates between HTTP and rooms and decides nothing. Added by app/ before the
// gateway starts; all of them are slow routes, on the server's workers.

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "gateway/access.h"
#include "gateway/gateway.h"
#include "gateway/keys.h"
#include "loop/conductor.h"
#include "ports/engine/engines.h"
#include "ports/ledger/ledger.h"
#include "ports/sources/source.h"
#include "ports/vault/vault.h"
#include "records/correction.h"
#include "records/evaluation.h"
#include "records/example.h"
#include "records/incident.h"
#include "records/label_event.h"
#include "records/model_version.h"
#include "records/profile.h"
#include "records/rollout.h"
#include "records/schema.h"
#include "records/training_run.h"
#include "records/turn.h"
#include "rooms/capture/capture.h"
#include "rooms/compression/compression.h"
#include "rooms/datasets/datasets.h"
#include "rooms/evaluation/evaluation.h"
#include "rooms/evaluation/neighbourhood.h"
#include "rooms/labeling/labeling.h"
#include "rooms/release/release.h"
#include "rooms/serving/serving.h"

namespace flywheel::gateway {

class News;

/// The records that /v1 shows.
struct V1Records {
    explicit V1Records(const Ledger& ledger)
        : turns(ledger),
          steps(ledger),
          decisions(ledger),
          versions(ledger),
          evaluations(ledger),
          rollouts(ledger),
          corrections(ledger),
          incidents(ledger),
          profiles(ledger),
          runs(ledger),
          examples(ledger),
          events(ledger) {}

    Reader<Turn> turns;
    Reader<TurnStep> steps;
    Reader<Decision> decisions;
    Reader<ModelVersion> versions;
    Reader<Evaluation> evaluations;
    Reader<Rollout> rollouts;
    Reader<Correction> corrections;
    Reader<Incident> incidents;
    Reader<Profile> profiles;
    Reader<TrainingRun> runs;
    Reader<Example> examples;
    Reader<LabelEvent> events;
};

/// What capture has counted since it was opened.
struct CapturedCounts {
    std::int64_t rows = 0;
    std::int64_t feedback = 0;
    std::int64_t dropped = 0;  ///< Rows lost because buffers were full or the disk refused.
    std::int64_t waiting = 0;  ///< Rows taken and not yet on disk.
    std::string failure;       ///< Why nothing can be written now; "" when it can.
};

/// A file of rows that came as a body.
struct RowUpload {
    std::string name;  ///< As the caller calls it.
    ColumnNames columns;
    std::optional<TaskKind> kind;     ///< As app::ImportWish.
    std::vector<std::string> labels;  ///< As app::ImportWish.
    bool ask = false;                 ///< As app::ImportWish.
    bool check = false;               ///< Only to be looked at.
    std::string_view bytes;
};

/// What the routes may touch. All of it outlives the gateway.
struct V1Rooms {
    labeling::Labeling& labeling;
    const datasets::Datasets& datasets;
    release::Release& release;
    serving::Serving& serving;
    loop::Conductor& conductor;
    const Vault& vault;
    const Clock& clock;
    V1Records records;
    std::function<CapturedCounts()> captured;  ///< Empty = not shown.
    std::shared_ptr<Keys> keys;                ///< Null = no key routes.
    Access* access = nullptr;  ///< Is told when keys change; null = nobody is at the door.
    const trail::AuditLog* audit = nullptr;              ///< Null = no route that shows it.
    const Capture* capture = nullptr;                    ///< Null = no routes over its rows.
    const evaluation::Evaluator* evaluation = nullptr;   ///< Null = no route that asks again.
    evaluation::Neighbourhood* neighbourhood = nullptr;  ///< Null = no route for it.
    trail::Refusals* refusals = nullptr;  ///< Go into `audit` before it is shown; may be null.
    compression::Compression* compression = nullptr;  ///< Null = no route that imports models.
    const Engines* engines = nullptr;                 ///< Null = likewise.
    /// Erases a subject's rows and proves it; empty = no such route.
    std::function<Result<Json>(const std::string& subject)> erase;
    /// Writes served rows with their truth to a file beside the project; the body says which.
    std::function<Result<Json>(const Json& wanted)> truth;
    /// Labelled rows come in; empty = no such route.
    std::function<Result<Json>(const RowUpload&)> import_rows;
    /// The settings that may be changed from afar, and their file; empty = no such routes.
    std::function<Result<Json>()> settings;
    /// With these changes, as the file would be; written unless it is only a check.
    std::function<Result<Json>(const Json& changes, bool check)> change_settings;
    std::filesystem::path guideline;  ///< A text for those who label; "" or absent = none.
    News* news = nullptr;             ///< Null = no route for it.
    std::function<void()> wake_loop;  ///< After an answer or a new Turn; may be empty.
};

/// Adds all groups.
void add_v1_routes(Gateway& gateway, const V1Rooms& rooms);

/// The groups, one a file: labels, turns, models, their import, datasets and monitoring, status,
/// keys, audit, captured rows, what was said about labels, their review, items, judged rows,
/// traffic, who asks, what is new, settings and rows of a file.
void add_label_routes(Gateway& gateway, const V1Rooms& rooms);
void add_turn_routes(Gateway& gateway, const V1Rooms& rooms);
void add_model_routes(Gateway& gateway, const V1Rooms& rooms);
void add_import_route(Gateway& gateway, const V1Rooms& rooms);
void add_record_routes(Gateway& gateway, const V1Rooms& rooms);
void add_status_route(Gateway& gateway, const V1Rooms& rooms);
void add_key_routes(Gateway& gateway, const V1Rooms& rooms);
void add_audit_routes(Gateway& gateway, const V1Rooms& rooms);
void add_captured_routes(Gateway& gateway, const V1Rooms& rooms);
void add_label_report_routes(Gateway& gateway, const V1Rooms& rooms);
void add_review_routes(Gateway& gateway, const V1Rooms& rooms);
void add_item_routes(Gateway& gateway, const V1Rooms& rooms);
void add_evaluated_routes(Gateway& gateway, const V1Rooms& rooms);
void add_traffic_routes(Gateway& gateway, const V1Rooms& rooms);
void add_people_routes(Gateway& gateway, const V1Rooms& rooms);
void add_settings_routes(Gateway& gateway, const V1Rooms& rooms);

/// What /v1/events compares: of each topic a text that is another one when something has changed.
Result<std::map<std::string, std::string>> marks_of(const V1Rooms& rooms);

}  // namespace flywheel::gateway
