#pragma once
// SPDX-License-Identifier: Apache-2.0
// What was served, counted by time, version and route: rows, failures, classes, latency. Reads the
// captured rows of a range once; memory grows with the buckets, not with the rows. One thread;
// called by whoever shows traffic.

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "records/prediction.h"
#include "rooms/capture/capture.h"

namespace flywheel {

/// A histogram of microseconds whose buckets are at most 1/16 wide of their value: a quantile is
/// right to 6 %.
class LatencyCount {
  public:
    void add(std::int64_t micros, double weight);

    [[nodiscard]] double total() const { return total_; }

    /// The value below which the share `q` of all lies; 0 when there is none.
    [[nodiscard]] std::int64_t quantile(double q) const;

  private:
    std::map<std::int32_t, double> buckets_;
    double total_ = 0;
};

/// Rows of one version and route in one bucket of time.
struct TrafficGroup {
    double rows = 0;    ///< Estimated where capture kept a share only: weighted by 1/propensity.
    double failed = 0;  ///< Of these, answered with another status than 200.
    std::int64_t captured = 0;  ///< Rows that were looked at.
    bool estimated = false;
    std::vector<double> by_label;  ///< [K], of rows that were answered.
    double confidence_sum = 0;     ///< Likewise.
    LatencyCount total;            ///< From parsed request to encoded answer.
    LatencyCount infer;            ///< In the engine.
};

struct TrafficPlan {
    std::string model;
    TimeRange served;
    Duration step{};  ///< Width of a bucket; they begin at multiples of it since 1970.
};

/// By the bucket's begin, then by version (a number) and route.
using Traffic = std::map<Time, std::map<std::pair<std::int64_t, Route>, TrafficGroup>>;

Result<Traffic> count_traffic(const Capture& capture, const TrafficPlan& plan);

}  // namespace flywheel
