// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/truth/coverage.h"

#include <algorithm>
#include <utility>

#include "rooms/capture/truth/truth_join.h"

namespace flywheel {

namespace {

/// Of the time at most so much is spent on measuring: one part of.
constexpr int kPart = 100;

}  // namespace

Result<LabelCoverage> label_coverage(
    const Capture& capture,
    const std::string& model,
    TimeRange served,
    const std::atomic<bool>* stop
) {
    const TruthPlan plan{
        .model = model,
        .served = served,
        .as_of = served.end,
        // Only whether a row has a truth is of interest, not which.
        .label_name = [](std::string_view, std::int64_t) { return std::string_view("served"); },
        .stop = stop,
    };
    const TruthCounts counts =
        TRY(join_truth(capture, plan, [](const JoinedRow&) { return Result<void>(); }));
    return LabelCoverage{
        model,
        static_cast<std::uint64_t>(counts.rows),
        static_cast<std::uint64_t>(counts.with_truth)
    };
}

Result<void> CoverageMeter::measure_if_due(
    const Capture& capture, const std::set<std::string>& models, Time now
) {
    const auto begun = monotonic_now();
    if (begun < due_) {
        return {};
    }
    due_ = begun + kEvery;
    std::vector<LabelCoverage> measured;
    for (const std::string& model : models) {
        measured.push_back(TRY(label_coverage(capture, model, {now - kWindow, now}, &stopping_)));
    }
    const auto ended = monotonic_now();
    due_ = std::max(due_, ended + (ended - begun) * kPart);
    const std::lock_guard lock(mutex_);
    last_ = std::move(measured);
    return {};
}

std::vector<LabelCoverage> CoverageMeter::last() const {
    const std::lock_guard lock(mutex_);
    return last_;
}

}  // namespace flywheel
