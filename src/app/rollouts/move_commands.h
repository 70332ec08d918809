#pragma once
// SPDX-License-Identifier: Apache-2.0
// The commands that move a model's labels: promote, share, finish, cancel, rollback. Added to the
// command line by commands.cpp; main thread.

#include <functional>

#include "app/commands_parts.h"

namespace CLI {
class App;
}

namespace flywheel::app {

/// Where the arguments of a command go, and what then runs.
struct MovePlaces {
    CommandScope& scope;
    MoveOptions& move;
    std::function<Result<void>()>& run;
};

/// Below `model`; the places outlive it.
void add_move_commands(CLI::App& model, const MovePlaces& places);

}  // namespace flywheel::app
