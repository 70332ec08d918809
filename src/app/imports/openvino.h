#pragma once
// SPDX-License-Identifier: Apache-2.0
// The engine for imported models as the settings want it. Called by the project when it opens.

#include <filesystem>
#include <memory>

#include "app/settings.h"
#include "ports/engine/engine.h"

namespace flywheel::app {

/// Its worker program is looked for in the folder of the settings, beside `program` (this
/// executable; may be empty) and in FLYWHEEL_WORKERS, each time a model is loaded.
[[nodiscard]] std::unique_ptr<Engine> make_openvino(
    const WorkerSettings& settings, const std::filesystem::path& program
);

}  // namespace flywheel::app
