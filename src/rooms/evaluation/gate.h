#pragma once
// SPDX-License-Identifier: Apache-2.0
// The gate's verdict from paired answers. Used inside evaluation only; pure functions, any thread.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "records/evaluation.h"
#include "rooms/evaluation/evaluation.h"

namespace flywheel::evaluation {

/// Both models on one hold-out item.
struct PairedAnswer {
    std::int64_t label = -1;
    bool challenger_right = false;
    bool champion_right = false;
    double challenger_loss = 0;  ///< -ln of the true class's probability, that floored at 1e-6.
    double champion_loss = 0;
};

/// Fills counts, tests, losses, per_class, verdict and reason of `evaluation`
/// (training-and-release.md, section G). In this order: no champion: promote; fewer than items_min:
/// undecided; worse, or worse in one class: keep; not inferior by more than the margin and b >= c:
/// promote; else undecided. `labels`: names by class.
void apply_gate(
    const GatePlan& plan,
    std::span<const PairedAnswer> answers,
    std::span<const std::string> labels,
    Evaluation& evaluation
);

}  // namespace flywheel::evaluation
