// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/truth/traffic.h"

#include <algorithm>
#include <bit>
#include <charconv>

namespace flywheel {

namespace {

constexpr int kParts = 16;  // of each power of two
constexpr int kPartBits = 4;

/// Up to 16 each value has its own bucket; then every power of two has 16.
std::int32_t bucket_of(std::int64_t micros) {
    const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(0, micros));
    if (value < kParts) {
        return static_cast<std::int32_t>(value);
    }
    const int exponent = static_cast<int>(std::bit_width(value)) - 1;
    const auto part = (value >> (exponent - kPartBits)) & (kParts - 1);
    return (exponent - kPartBits + 1) * kParts + static_cast<std::int32_t>(part);
}

/// The middle of a bucket.
std::int64_t middle_of(std::int32_t bucket) {
    if (bucket < kParts) {
        return bucket;
    }
    const int shift = bucket / kParts - 1;
    const std::int64_t begin = static_cast<std::int64_t>(kParts + bucket % kParts) << shift;
    return begin + (std::int64_t{1} << shift) / 2;
}

std::int64_t number_of(const std::string& version) {
    std::int64_t number = 0;
    std::from_chars(version.data(), version.data() + version.size(), number);
    return number;
}

Time begin_of(Time time, Duration step) {
    const std::int64_t at = micros(time);
    const std::int64_t width = std::max<std::int64_t>(1, step.count());
    const std::int64_t rest = ((at % width) + width) % width;
    return Time(Duration(at - rest));
}

void count(TrafficGroup& group, const Prediction& row) {
    const double weight = row.propensity > 0 ? 1 / row.propensity : 1;
    group.captured += 1;
    group.rows += weight;
    group.estimated = group.estimated || row.propensity < 1;
    if (row.status != 200) {
        group.failed += weight;
        return;
    }
    if (row.label >= 0) {
        const auto label = static_cast<std::size_t>(row.label);
        if (group.by_label.size() <= label) {
            group.by_label.resize(label + 1);
        }
        group.by_label[label] += weight;
    }
    group.confidence_sum += weight * static_cast<double>(row.confidence);
    group.total.add(row.us_total, weight);
    group.infer.add(row.us_infer, weight);
}

}  // namespace

void LatencyCount::add(std::int64_t micros, double weight) {
    buckets_[bucket_of(micros)] += weight;
    total_ += weight;
}

std::int64_t LatencyCount::quantile(double q) const {
    double below = 0;
    for (const auto& [bucket, weight] : buckets_) {
        below += weight;
        if (below >= q * total_) {
            return middle_of(bucket);
        }
    }
    return buckets_.empty() ? 0 : middle_of(buckets_.rbegin()->first);
}

Result<Traffic> count_traffic(const Capture& capture, const TrafficPlan& plan) {
    Traffic traffic;
    TRY(capture.each_prediction(
        plan.model,
        plan.served,
        RowParts::Light,
        [&](const Prediction& row) -> Result<void> {
            auto& bucket = traffic[begin_of(row.time, plan.step)];
            count(bucket[{number_of(row.version), row.route}], row);
            return {};
        }
    ));
    return traffic;
}

}  // namespace flywheel
