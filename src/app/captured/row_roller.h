#pragma once
// SPDX-License-Identifier: Apache-2.0
// RowRoller: a thread that rolls sealed segments of captured rows into Parquet once a minute, and
// tells capture and monitoring of each other. Made by the server, which outlives it, as the project
// does.

#include <condition_variable>
#include <mutex>
#include <thread>

#include "app/project.h"
#include "rooms/capture/truth/coverage.h"

namespace flywheel::app {

class RowRoller {
  public:
    /// Measures label coverage, too, when it is time to.
    RowRoller(Project& project, CoverageMeter& coverage)
        : project_(project), coverage_(coverage), thread_([this] { run(); }) {}

    RowRoller(const RowRoller&) = delete;
    RowRoller& operator=(const RowRoller&) = delete;
    ~RowRoller();  ///< Rolls once more.

  private:
    void run();
    void roll();
    void measure_coverage();
    void tell_incidents();
    void tell_pressure();

    Project& project_;
    CoverageMeter& coverage_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace flywheel::app
