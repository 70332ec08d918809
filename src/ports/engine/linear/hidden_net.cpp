// SPDX-License-Identifier: Apache-2.0
#include "ports/engine/linear/hidden_net.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "ports/engine/linear/lanes.h"

namespace flywheel::linear {

namespace {

constexpr double kLeastGain = 0.01;
constexpr float kSquaresStart = 1e-6F;

void add_scaled(float* to, const float* from, std::size_t count, float factor) {
    for (std::size_t j = 0; j < count; j += kQuad) {
        store(to + j, load(to + j) + load(from + j) * factor);
    }
}

float dot_of(const float* a, const float* b, std::size_t count) {
    Quad total = all(0);
    for (std::size_t j = 0; j < count; j += kQuad) {
        total += load(a + j) * load(b + j);
    }
    return sum(total);
}

}  // namespace

HiddenNet::HiddenNet(const Examples& examples, const HiddenOptions& options)
    : examples_(examples),
      options_(options),
      hidden_(options.units, 0.0F),
      backward_(options.units, 0.0F) {
    Rng rng = Rng::named(options.seed, "linear/hidden");
    const auto fill = [&](Trained& weights, std::size_t rows, std::size_t width, double spread) {
        weights.value.resize(rows * width);
        weights.squares.assign(rows, kSquaresStart);
        for (float& value : weights.value) {
            value = static_cast<float>(spread * (2 * rng.uniform() - 1));
        }
    };
    // A row has length 1, so He's rule (variance 2 / fan-in) has a fan-in of about one.
    fill(weights_, examples.columns(), options.units, 0.5);
    fill(hidden_bias_, 1, options.units, 0.0);
    const double spread = 1.0 / std::sqrt(static_cast<double>(options.units));
    fill(head_, examples.classes, options.units, spread);
    fill(bias_, 1, examples.lanes, 0.0);
}

void HiddenNet::score(std::size_t i, float* out) {
    const std::size_t units = options_.units;
    std::copy(hidden_bias_.value.begin(), hidden_bias_.value.end(), hidden_.begin());
    for (const Cell& cell : examples_.row(i)) {
        add_scaled(hidden_.data(), weights_.value.data() + cell.column * units, units, cell.value);
    }
    for (float& unit : hidden_) {
        unit = std::max(unit, 0.0F);
    }
    std::copy(bias_.value.begin(), bias_.value.end(), out);
    for (std::size_t k = 0; k < examples_.classes; ++k) {
        out[k] += dot_of(hidden_.data(), head_.value.data() + k * units, units);
    }
}

void HiddenNet::step(
    Trained& weights, std::size_t row, std::span<const float> gradient, float factor
) const {
    const std::size_t count = gradient.size();
    const float mean_square =
        dot_of(gradient.data(), gradient.data(), count) / static_cast<float>(count);
    weights.squares[row] += factor * factor * mean_square;
    const float rate = options_.rate * factor / std::sqrt(weights.squares[row]);
    add_scaled(weights.value.data() + row * count, gradient.data(), count, -rate);
}

double HiddenNet::visit(std::size_t i) {
    const std::size_t units = options_.units;
    const float weight = examples_.weight[i];
    const float* target = examples_.target_of(i);
    std::vector<float> error(examples_.lanes);
    score(i, error.data());
    float loss = 0;
    for (std::size_t k = 0; k < examples_.classes; ++k) {
        loss -= target[k] * error[k];
    }
    loss += softmax(error.data(), examples_.classes, examples_.lanes);
    std::fill(backward_.begin(), backward_.end(), 0.0F);
    for (std::size_t k = 0; k < examples_.classes; ++k) {
        error[k] = weight * (error[k] - target[k]);
        add_scaled(backward_.data(), head_.value.data() + k * units, units, error[k]);
        step(head_, k, hidden_, error[k]);
    }
    step(bias_, 0, error, 1.0F);
    for (std::size_t j = 0; j < units; ++j) {
        backward_[j] = hidden_[j] > 0 ? backward_[j] : 0.0F;
    }
    step(hidden_bias_, 0, backward_, 1.0F);
    for (const Cell& cell : examples_.row(i)) {
        step(weights_, cell.column, backward_, cell.value);
    }
    return static_cast<double>(loss);
}

Result<void> HiddenNet::run(std::vector<std::uint32_t> rows, const PassObserver& observer) {
    Rng rng = Rng::named(options_.seed, "linear/order");
    double before = std::numeric_limits<double>::infinity();
    for (std::int64_t epoch = 0; epoch < options_.epochs; ++epoch) {
        rng.shuffle(rows);
        double loss = 0;
        for (const std::uint32_t i : rows) {
            loss += visit(i);
        }
        loss /= static_cast<double>(std::max<std::size_t>(rows.size(), 1));
        if (!std::isfinite(loss)) {
            return internal_error(fmt::format(
                "Loss is not finite at step {}; lower the rate ({})", epoch + 1, options_.rate
            ));
        }
        TRY(observer(epoch + 1, loss));
        if (before - loss < kLeastGain * before && std::isfinite(before)) {
            break;
        }
        before = loss;
    }
    return {};
}

}  // namespace flywheel::linear
