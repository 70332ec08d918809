#pragma once
// SPDX-License-Identifier: Apache-2.0
// Fits: what the job under way has told so far, fit by fit, for whoever looks on. Filled by the
// thread that runs the job, read from any thread. In memory only: what a fit leaves behind stands
// in its TrainingRun.

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "records/training_run.h"
#include "rooms/training/curve.h"

namespace flywheel::training {

/// One fit of a job under way.
struct Fit {
    std::int64_t trial = 0;
    std::int64_t rung = 0;
    std::int64_t step = 0;   ///< Steps done, those that only judge included.
    std::int64_t steps = 0;  ///< Expected in all; 0 = unknown. A fit may end before.
    bool ended = false;
    std::optional<double> loss;  ///< On split `valid`, once the trial has ended and had one.
    Curve curve;
};

/// A job under way.
struct FitsUnderWay {
    std::optional<Id<Turn>> turn;
    RunKind kind = RunKind::Final;
    std::int64_t trials = 1;  ///< Wanted of the search; 1 of a final fit.
    std::vector<Fit> fits;    ///< Those begun, by trial; of each the newest rung.
};

class Fits {
  public:
    /// While it lives a job is under way.
    class Job {
      public:
        Job(Fits& fits, FitsUnderWay job) : fits_(fits) { fits_.begin(std::move(job)); }

        Job(const Job&) = delete;
        Job& operator=(const Job&) = delete;

        ~Job() { fits_.end(); }

      private:
        Fits& fits_;
    };

    /// Takes a job's line of progress; one of another form is passed over.
    void take(const std::string& line);

    /// Nothing when no job is under way. Curves are thinned.
    [[nodiscard]] std::optional<FitsUnderWay> now() const;
    /// Another number after each change.
    [[nodiscard]] std::uint64_t change() const;

  private:
    void begin(FitsUnderWay job);
    void end();
    static Fit& fit_of(std::vector<Fit>& fits, std::int64_t trial, std::int64_t rung);

    mutable std::mutex mutex_;
    std::optional<FitsUnderWay> job_;
    std::uint64_t change_ = 0;
};

}  // namespace flywheel::training
