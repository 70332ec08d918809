#pragma once
// SPDX-License-Identifier: Apache-2.0
// The commands about captured rows: erase, truth. Added by commands.cpp; one command a process.

#include <filesystem>
#include <functional>
#include <string>

#include "app/commands_parts.h"
#include "base/result.h"

namespace CLI {
class App;
}

namespace flywheel::app {

struct TruthOptions {
    std::string as_of;  ///< RFC 3339 or a date; "" = now.
    std::string from;   ///< Rows served from here on; "" = all.
    std::string to;
    bool all_rows = false;
    std::filesystem::path out;  ///< Empty: in DIR/exports.
};

/// What the arguments of these commands say.
struct CapturedCommands {
    std::string subject;
    TruthOptions truth;
};

/// Both commands write what they were asked into `scope` and `wanted`, and what to do into `run`;
/// all three outlive `app`.
void add_captured_commands(
    CLI::App& app, CommandScope& scope, CapturedCommands& wanted, std::function<Result<void>()>& run
);

}  // namespace flywheel::app
