#pragma once
// SPDX-License-Identifier: Apache-2.0
// The routes of our own API, /v1: labels, turns, models, datasets, monitoring, status. Each group
// is one file that translates between HTTP and rooms and decides nothing. Added by app/ before the
// gateway starts; all of them are slow routes, on the server's workers.

#include <functional>
#include <memory>
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
#include "ports/vault/vault.h"
#include "records/correction.h"
#include "records/evaluation.h"
#include "records/example.h"
#include "records/incident.h"
#include "records/label_event.h"
#include "records/model_version.h"
#include "records/profile.h"
#include "records/rollout.h"
#include "records/turn.h"
#include "rooms/compression/compression.h"
#include "rooms/datasets/datasets.h"
#include "rooms/labeling/labeling.h"
#include "rooms/release/release.h"
#include "rooms/serving/serving.h"

namespace flywheel::gateway {

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
    const trail::AuditLog* audit = nullptr;  ///< Null = no route that shows it.
    trail::Refusals* refusals = nullptr;     ///< Go into `audit` before it is shown; may be null.
    compression::Compression* compression = nullptr;  ///< Null = no route that imports models.
    const Engines* engines = nullptr;                 ///< Null = likewise.
    /// Erases a subject's rows and proves it; empty = no such route.
    std::function<Result<Json>(const std::string& subject)> erase;
    /// Writes served rows with their truth to a file beside the project; the body says which.
    std::function<Result<Json>(const Json& wanted)> truth;
    std::function<void()> wake_loop;  ///< After an answer or a new Turn; may be empty.
};

/// Adds all groups.
void add_v1_routes(Gateway& gateway, const V1Rooms& rooms);

/// The groups, one a file: labels, turns, models, their import, datasets and monitoring, status,
/// keys, audit.
void add_label_routes(Gateway& gateway, const V1Rooms& rooms);
void add_turn_routes(Gateway& gateway, const V1Rooms& rooms);
void add_model_routes(Gateway& gateway, const V1Rooms& rooms);
void add_import_route(Gateway& gateway, const V1Rooms& rooms);
void add_record_routes(Gateway& gateway, const V1Rooms& rooms);
void add_status_route(Gateway& gateway, const V1Rooms& rooms);
void add_key_routes(Gateway& gateway, const V1Rooms& rooms);
void add_audit_routes(Gateway& gateway, const V1Rooms& rooms);
void add_captured_routes(Gateway& gateway, const V1Rooms& rooms);

}  // namespace flywheel::gateway
