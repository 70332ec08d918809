#pragma once
// SPDX-License-Identifier: Apache-2.0
// A small world for turn tests: a whole project on a temporary folder under a clock that stands
// still, fed from a generated stream, with people who answer at once. Real parts throughout:
// SQLite, segments, Parquet, the linear engine.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "app/demo/generator.h"
#include "app/demo/stream.h"
#include "app/project.h"
#include "base/clock.h"
#include "base/result.h"

namespace flywheel::testing {

struct WorldPlan {
    std::size_t rows = 1200;  ///< Of the stream, over `years`.
    int years = 2;
    std::string train_until = "2017-01-01";
    std::uint64_t seed = 7;
    int trials = 1;
    double label_share = 0.2;
};

class World {
  public:
    World(std::filesystem::path dir, WorldPlan plan);

    /// Makes the project when there is none, opens it; the seams are for faults.
    Result<void> open(app::Seams seams = {});

    void close() { project_.reset(); }

    /// Imports the training rows and turns the wheel once; nothing when that was done.
    Result<void> train_first();
    /// Serves the rows of period `number` that are not captured yet, in process.
    Result<void> serve(std::size_t number);
    /// Opens (if needed) and finishes the Turn over period `number`.
    Result<Turn> turn(std::size_t number);
    /// All of it for periods [0, count): what a run without faults does.
    Result<void> run(std::size_t count);

    /// What must be equal after any sequence of crashes: tables without measured times, as one
    /// digest with its parts.
    Result<std::string> fingerprint() const;

    [[nodiscard]] app::Project& project() { return *project_; }

    [[nodiscard]] const app::Stream& stream() const { return stream_; }

    [[nodiscard]] const app::Cut& cut() const { return cut_; }

    [[nodiscard]] ManualClock& clock() { return clock_; }

  private:
    Result<Turn> finish(std::int64_t number, Time window_end, const std::string& trigger);
    Result<void> answer_open_tasks();

    std::filesystem::path dir_;
    WorldPlan plan_;
    app::Stream stream_;
    app::Cut cut_;
    ManualClock clock_;
    std::unique_ptr<app::Project> project_;
};

}  // namespace flywheel::testing
