#pragma once
// SPDX-License-Identifier: Apache-2.0
// CoverageMeter: which part of the rows served in the last 24 hours has a label by feedback. It
// joins them as a table of truth would (truth_join.h), so it is exact; it takes seconds when they
// are millions, so it is measured now and then, for at most a hundredth of the time. One thread
// measures; any thread asks.

#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "rooms/capture/capture.h"
#include "rooms/capture/capture_counters.h"

namespace flywheel {

class CoverageMeter {
  public:
    static constexpr std::chrono::minutes kEvery{10};
    static constexpr std::chrono::hours kWindow{24};

    /// Measures each model's rows of the window that ends now, if it is time to. On an error what
    /// was measured before stays.
    Result<void> measure_if_due(
        const Capture& capture, const std::set<std::string>& models, Time now
    );

    /// What was measured last; nothing before the first time.
    [[nodiscard]] std::vector<LabelCoverage> last() const;

    /// Ends a measurement under way, from another thread, and all later ones: Cancelled.
    void stop() { stopping_ = true; }

  private:
    std::chrono::steady_clock::time_point due_;
    std::atomic<bool> stopping_ = false;
    mutable std::mutex mutex_;
    std::vector<LabelCoverage> last_;
};

/// Of one model, rows served in `served` and what had arrived by its end; Cancelled once `stop`.
Result<LabelCoverage> label_coverage(
    const Capture& capture,
    const std::string& model,
    TimeRange served,
    const std::atomic<bool>* stop = nullptr
);

}  // namespace flywheel
