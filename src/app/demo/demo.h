#pragma once
// SPDX-License-Identifier: Apache-2.0
// The demo: replays a recorded stream through the real server, month by month, and shows a model
// growing old and getting better. Called by the command `demo`, on the main thread.

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/result.h"

namespace flywheel::app {

/// What `flywheel demo` was asked for.
struct DemoOptions {
    std::string name = "news";
    std::filesystem::path stream;  ///< A JSONL or CSV stream of one's own; "" = the named one.
    std::filesystem::path json;    ///< Every turn and decision goes here; "" = nowhere.
    double budget = .10;           ///< Questions to people per served row, audit included.
    std::uint64_t seed = 1;
    std::int64_t turns = 0;         ///< Stop after so many; 0 = all.
    bool feedback = false;          ///< One wrong answer in twenty is corrected by its user.
    std::filesystem::path keep;     ///< The project directory, kept; "" = a temporary one.
    bool serve = false;             ///< Leave the server up at the end.
    std::string train_until;        ///< Date or share of the rows; "" = the stream's own default.
    std::string every = "month";    ///< "month" or a number of rows.
    std::filesystem::path program;  ///< This executable, for jobs.
};

/// Runs it; progress on stderr, tables on stdout.
Result<void> run_demo(const DemoOptions& options);

}  // namespace flywheel::app
