#pragma once
// SPDX-License-Identifier: Apache-2.0
// The yardsticks a demo prints beside the loop, by the same engine and without server or ledger:
// never retrain, the same with label-shift correction from unlabelled rows, and all labels every
// period. Run on a thread of their own.

#include <atomic>
#include <cstdint>
#include <vector>

#include "app/demo/score.h"
#include "app/demo/stream.h"
#include "base/result.h"
#include "loop/conductor.h"
#include "ports/engine/engine.h"

namespace flywheel::app {

/// One line of the summary, by period and in all.
struct Line {
    Score served;                ///< As it was answered.
    Score plain;                 ///< The same rows without label-shift correction.
    std::vector<Score> periods;  ///< `served` by period.
    std::int64_t labels = 0;     ///< Bought after the first training.
    std::int64_t retrains = 0;

    explicit Line(std::size_t classes) : served(classes), plain(classes) {}
};

enum class Retrain { Never, EveryPeriod };
/// How answers are corrected: not at all; by the class mix of unlabelled rows always; or only while
/// rows with known truth, each judged by what stood when it was served, say that it helps (as the
/// loop decides from its audits).
enum class Correct { Never, Always, WhenItHelps };

struct YardstickPlan {
    Retrain retrain = Retrain::Never;
    Correct correct = Correct::Never;
    double prior_discount = 0.25;
    const loop::Policy* policy =
        nullptr;  ///< Half-life, class-mix window, seed: those of the loop.
};

Result<Line> run_yardstick(
    const Stream& stream,
    const Cut& cut,
    const Engine& engine,
    const YardstickPlan& plan,
    const std::atomic<bool>& stop
);

}  // namespace flywheel::app
