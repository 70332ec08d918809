#pragma once
// SPDX-License-Identifier: Apache-2.0
// Makes probabilities out of scores that were not seen in training: one temperature, and one offset
// a class so that the mean probability of each class equals its share (bias-corrected temperature
// scaling, Alexandari, Kundaje, Shrikumar 2020). Label-shift correction needs both. Pure functions,
// any thread.

#include <cstddef>
#include <span>
#include <vector>

namespace flywheel::linear {

/// Held-out rows. Spans are [rows][lanes], lanes a multiple of kLanes.
struct HeldOut {
    std::span<const float> scores;
    std::span<const float> target;  ///< Each row sums to 1.
    std::span<const float> weight;  ///< [rows]
    std::size_t classes = 0;
    std::size_t lanes = 0;
};

/// p = softmax((score + offset) / temperature).
struct Calibration {
    float temperature = 1;
    std::vector<float> offset;  ///< [lanes]
};

/// `share` [lanes]: what the mean probabilities shall be. No rows: nothing is changed.
[[nodiscard]] Calibration calibrate(const HeldOut& rows, std::span<const float> share);

/// Temperature alone, for rows too few or too different to learn offsets from.
[[nodiscard]] Calibration calibrate_temperature(const HeldOut& rows);

/// Weighted mean of -sum t ln p; NaN without rows.
[[nodiscard]] double log_loss(const HeldOut& rows, const Calibration& calibration);

/// Weighted share of rows whose largest probability is at their largest target; NaN without rows.
[[nodiscard]] double accuracy(const HeldOut& rows, const Calibration& calibration);

/// Scores of one row to probabilities, in place: [lanes].
void apply(const Calibration& calibration, std::size_t classes, std::span<float> scores);

}  // namespace flywheel::linear
