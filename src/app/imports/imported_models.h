#pragma once
// SPDX-License-Identifier: Apache-2.0
// Models that were imported: the engine that runs them as the settings want it, and loading them
// beside the project's own. Called by the project when it opens.

#include <filesystem>
#include <memory>

#include "app/settings.h"
#include "ports/engine/engine.h"
#include "rooms/serving/serving.h"

namespace flywheel::app {

/// Its worker program is looked for in the folder of the settings, beside `program` (this
/// executable; may be empty) and in FLYWHEEL_WORKERS, each time a model is loaded.
[[nodiscard]] std::unique_ptr<Engine> make_openvino(
    const WorkerSettings& settings, const std::filesystem::path& program
);

/// Loads what the Rollouts say. A model that cannot be loaded keeps nobody from the project (its
/// status says why, and there one mends it). Unavailable: ledger or vault refuse the model `own`.
Result<void> load_served(serving::Serving& serving, const std::string& own);

}  // namespace flywheel::app
