#pragma once
// SPDX-License-Identifier: Apache-2.0
// Replay: sends a stream through a real server period by period under a stream clock, lets the
// recorded people answer the questions of each Turn, and reads back from the captured rows what was
// answered. Called by demo.cpp, one thread.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "app/demo/annotators.h"
#include "app/demo/score.h"
#include "app/demo/stream.h"
#include "app/project.h"
#include "app/server.h"
#include "base/clock.h"
#include "base/result.h"

namespace flywheel::app {

/// What one period came to.
struct PeriodResult {
    Score served;  ///< As answered.
    Score plain;   ///< The same rows without label-shift correction.
    Turn turn;     ///< The Turn over it, ended.

    explicit PeriodResult(std::size_t classes) : served(classes), plain(classes) {}
};

struct ReplayPlan {
    std::uint64_t seed = 1;
    bool feedback = false;  ///< One wrong answer in twenty is corrected by its user.
};

/// The program under replay: project, server and the clock that both look at.
struct Stage {
    Project& project;
    Server& server;
    ManualClock& clock;
};

class Replay {
  public:
    Replay(const Stream& stream, const Cut& cut, Stage stage, ReplayPlan plan);

    /// Imports the training rows and turns the wheel once, unless that was done before.
    Result<void> train_first();
    /// Serves one period (rows not captured yet) and takes its Turn to its end. Periods must come
    /// in order. `advance(n)` is told of every row served.
    Result<PeriodResult> run(
        const Period& period, std::size_t number, const std::function<void(std::int64_t)>& advance
    );

  private:
    Result<void> serve_rows(const Period& period, const std::function<void(std::int64_t)>& advance);
    Result<void> serve_row(const StreamRow& row);
    Result<void> maybe_correct(const StreamRow& row, const std::string& body);
    Result<Turn> finish_turn(std::int64_t number, Time window_end, const std::string& trigger);
    Result<PeriodResult> read_back(const Period& period, Time begins);
    Result<std::optional<Turn>> turn_numbered(std::int64_t number) const;
    Result<const std::vector<double>*> prior_of(const std::string& version);

    const Stream& stream_;
    const Cut& cut_;
    Project& project_;
    Server& server_;
    ManualClock& clock_;
    ReplayPlan plan_;
    HttpClient client_;
    Annotators annotators_;
    std::unordered_map<std::string, std::vector<double>> priors_;
};

}  // namespace flywheel::app
