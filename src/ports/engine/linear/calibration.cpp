// SPDX-License-Identifier: Apache-2.0
#include "ports/engine/linear/calibration.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ports/engine/linear/lanes.h"

namespace flywheel::linear {

namespace {

constexpr double kTemperatureMin = 0.05;
constexpr double kTemperatureMax = 5.0;
constexpr int kSections = 16;
constexpr int kRounds = 4;
constexpr int kOffsetSteps = 5;

/// (score + offset) / temperature of row i.
void place(const HeldOut& rows, const Calibration& by, std::size_t i, float* out) {
    const float* score = rows.scores.data() + i * rows.lanes;
    const float factor = 1.0F / by.temperature;
    for (std::size_t k = 0; k < rows.lanes; k += kQuad) {
        store(out + k, (load(score + k) + load(by.offset.data() + k)) * factor);
    }
}

/// Golden section on ln T; the loss is convex in 1/T, so it has one valley.
float best_temperature(const HeldOut& rows, Calibration trial) {
    constexpr double kGolden = 0.6180339887498949;
    double low = std::log(kTemperatureMin);
    double high = std::log(kTemperatureMax);
    const auto loss_at = [&](double ln_temperature) {
        trial.temperature = static_cast<float>(std::exp(ln_temperature));
        return log_loss(rows, trial);
    };
    double left = high - kGolden * (high - low);
    double right = low + kGolden * (high - low);
    double loss_left = loss_at(left);
    double loss_right = loss_at(right);
    for (int i = 0; i < kSections; ++i) {
        if (loss_left < loss_right) {
            high = right;
            right = left;
            loss_right = loss_left;
            left = high - kGolden * (high - low);
            loss_left = loss_at(left);
        } else {
            low = left;
            left = right;
            loss_left = loss_right;
            right = low + kGolden * (high - low);
            loss_right = loss_at(right);
        }
    }
    return static_cast<float>(std::exp((low + high) / 2));
}

/// One step of each offset towards mean probability = share.
void step_offsets(const HeldOut& rows, std::span<const float> share, Calibration& by) {
    std::vector<float> row(rows.lanes);
    std::vector<double> mass(rows.lanes, 1.0);
    double total = static_cast<double>(rows.classes);
    for (std::size_t i = 0; i < rows.weight.size(); ++i) {
        place(rows, by, i, row.data());
        softmax(row.data(), rows.classes, rows.lanes);
        total += static_cast<double>(rows.weight[i]);
        for (std::size_t k = 0; k < rows.classes; ++k) {
            mass[k] += static_cast<double>(rows.weight[i] * row[k]);
        }
    }
    for (std::size_t k = 0; k < rows.classes; ++k) {
        const double wanted = static_cast<double>(share[k]) * total / mass[k];
        by.offset[k] += by.temperature * static_cast<float>(std::log(wanted));
    }
}

}  // namespace

Calibration calibrate(const HeldOut& rows, std::span<const float> share) {
    Calibration made{1.0F, std::vector<float>(rows.lanes, 0.0F)};
    if (rows.weight.empty()) {
        return made;
    }
    for (int round = 0; round < kRounds; ++round) {
        made.temperature = best_temperature(rows, made);
        for (int step = 0; step < kOffsetSteps; ++step) {
            step_offsets(rows, share, made);
        }
    }
    return made;
}

Calibration calibrate_temperature(const HeldOut& rows) {
    Calibration made{1.0F, std::vector<float>(rows.lanes, 0.0F)};
    if (!rows.weight.empty()) {
        made.temperature = best_temperature(rows, made);
    }
    return made;
}

double log_loss(const HeldOut& rows, const Calibration& calibration) {
    std::vector<float> row(rows.lanes);
    double loss = 0;
    double total = 0;
    for (std::size_t i = 0; i < rows.weight.size(); ++i) {
        place(rows, calibration, i, row.data());
        Quad agreed = all(0);
        for (std::size_t k = 0; k < rows.lanes; k += kQuad) {
            agreed += load(row.data() + k) * load(rows.target.data() + i * rows.lanes + k);
        }
        float top = 0;
        const float mass = exponentials(row.data(), rows.classes, rows.lanes, top);
        loss += static_cast<double>(rows.weight[i] * (top + std::log(mass) - sum(agreed)));
        total += static_cast<double>(rows.weight[i]);
    }
    return total > 0 ? loss / total : std::numeric_limits<double>::quiet_NaN();
}

double accuracy(const HeldOut& rows, const Calibration& calibration) {
    std::vector<float> row(rows.lanes);
    const auto classes = static_cast<std::ptrdiff_t>(rows.classes);
    double right = 0;
    double total = 0;
    for (std::size_t i = 0; i < rows.weight.size(); ++i) {
        place(rows, calibration, i, row.data());
        const float* target = rows.target.data() + i * rows.lanes;
        const auto said = std::max_element(row.begin(), row.begin() + classes) - row.begin();
        const auto meant = std::max_element(target, target + classes) - target;
        right += said == meant ? static_cast<double>(rows.weight[i]) : 0.0;
        total += static_cast<double>(rows.weight[i]);
    }
    return total > 0 ? right / total : std::numeric_limits<double>::quiet_NaN();
}

void apply(const Calibration& calibration, std::size_t classes, std::span<float> scores) {
    const float factor = 1.0F / calibration.temperature;
    for (std::size_t k = 0; k < classes; ++k) {
        scores[k] = (scores[k] + calibration.offset[k]) * factor;
    }
    softmax(scores.data(), classes, scores.size());
}

}  // namespace flywheel::linear
