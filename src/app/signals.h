#pragma once
// SPDX-License-Identifier: Apache-2.0
// SIGTERM, SIGINT and SIGHUP as something one can wait for. Made once, by a command, on the main
// thread; jobs started meanwhile get the system's own behaviour back when they are executed.

#include <chrono>
#include <optional>

#include "base/result.h"

namespace flywheel::app {

class StopSignals {
  public:
    /// From now on these signals end no process by themselves, and neither does a write over the
    /// limit of a file's size: that fails, as on a full disk. Conflict when another object does
    /// this already.
    static Result<StopSignals> watch();
    StopSignals(StopSignals&& other) noexcept;
    StopSignals& operator=(StopSignals&&) = delete;
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;
    ~StopSignals();

    /// The next signal's number, or nothing after `patience`; negative = for ever.
    std::optional<int> wait(std::chrono::milliseconds patience = std::chrono::milliseconds(-1));

  private:
    explicit StopSignals(int reading) : reading_(reading) {}

    int reading_ = -1;
};

}  // namespace flywheel::app
