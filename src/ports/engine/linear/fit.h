#pragma once
// SPDX-License-Identifier: Apache-2.0
// One fit of the linear engine, from rows to a calibrated artefact. Called by the engine; one call,
// one thread; a pure function of its arguments.

#include <cstdint>

#include "base/result.h"
#include "ports/engine/engine.h"
#include "ports/engine/linear/settings.h"

namespace flywheel::linear {

/// As Engine::fit, with settings that are read already.
Result<FittedModel> fit_model(
    const TrainingSet& set,
    const Settings& settings,
    std::uint64_t seed,
    const FitObserver& observer
);

}  // namespace flywheel::linear
