#pragma once
// SPDX-License-Identifier: Apache-2.0
// The words of the command line: what all commands are made of. Private to the files that add
// commands; main thread.

#include <filesystem>
#include <functional>
#include <string>

#include "app/captured/commands_captured.h"
#include "app/commands.h"
#include "app/commands_parts.h"
#include "base/result.h"

namespace CLI {
class App;
}

namespace flywheel::app {

/// All that the arguments say; what the callbacks below run with.
struct Wanted {
    CommandScope scope;
    std::function<Result<void>()> run;
    InitOptions init;
    std::filesystem::path file;
    ColumnNames columns;
    ImportWish import;
    ServeOptions serve;
    MoveOptions move;
    ImportModelOptions import_model;
    std::string before;
    std::string after;
    KeyOptions key;
    CapturedCommands captured;
    AuditOptions audit;
    JobOptions job;
    DemoOptions demo;
};

/// Adds one command; `example` stands at the end of its --help.
CLI::App* add_command(
    CLI::App& parent, const std::string& name, const std::string& what, const std::string& example
);
void add_dir(CLI::App* command, Wanted& wanted, bool positional);
void add_json(CLI::App* command, Wanted& wanted);

/// key, audit, doctor.
void add_operations_commands(CLI::App& app, Wanted& wanted);

}  // namespace flywheel::app
