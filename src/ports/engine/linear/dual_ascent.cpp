// SPDX-License-Identifier: Apache-2.0
#include "ports/engine/linear/dual_ascent.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "ports/engine/linear/lanes.h"

namespace flywheel::linear {

namespace {

constexpr int kFirstNewtonSteps = 6;
constexpr int kNewtonSteps = 3;
constexpr int kFoldPasses = 2;
/// ln of a dual that is as good as zero.
constexpr float kLogZero = -80.0F;

/// out = sum of value * weights[column], eight classes at a time so that the sums stay in
/// registers.
void dot_rows(std::span<const Cell> cells, const float* weights, std::size_t lanes, float* out) {
    for (std::size_t k = 0; k < lanes; k += kLanes) {
        Quad low = load(out + k);
        Quad high = load(out + k + kQuad);
        const float* column = weights + k;
        for (const Cell& cell : cells) {
            const float* at = column + cell.column * lanes;
            low += load(at) * cell.value;
            high += load(at + kQuad) * cell.value;
        }
        store(out + k, low);
        store(out + k + kQuad, high);
    }
}

}  // namespace

DualAscent::DualAscent(const Examples& examples, const DualOptions& options)
    : examples_(examples),
      options_(options),
      weights_(examples.columns() * examples.lanes, 0.0F),
      bias_(examples.lanes, 0.0F),
      dual_(examples.target),
      log_dual_(examples.target.size(), kLogZero),
      scratch_(4 * examples.lanes, 0.0F) {
    // The duals start at the targets: there all weights are zero.
    for (std::size_t i = 0; i < examples.rows(); ++i) {
        float length2 = kBiasFeature * kBiasFeature;
        for (const Cell& cell : examples.row(i)) {
            length2 += cell.value * cell.value;
        }
        length2_.push_back(length2);
        for (std::size_t k = i * examples.lanes; k < i * examples.lanes + examples.classes; ++k) {
            log_dual_[k] = std::log(std::max(dual_[k], 1e-6F));
        }
    }
}

void DualAscent::score(std::size_t i, float* out) const {
    std::copy(bias_.begin(), bias_.end(), out);
    dot_rows(examples_.row(i), weights_.data(), examples_.lanes, out);
}

void DualAscent::add_row(std::size_t i, const float* delta) {
    const std::size_t lanes = examples_.lanes;
    for (std::size_t k = 0; k < lanes; k += kLanes) {
        const Quad low = load(delta + k);
        const Quad high = load(delta + k + kQuad);
        float* column = weights_.data() + k;
        for (const Cell& cell : examples_.row(i)) {
            float* at = column + cell.column * lanes;
            store(at, load(at) + low * cell.value);
            store(at + kQuad, load(at + kQuad) + high * cell.value);
        }
    }
    for (std::size_t k = 0; k < examples_.classes; ++k) {
        bias_[k] += kBiasFeature * kBiasFeature * delta[k];
    }
}

void DualAscent::solve(const float* u, float a, int steps, float* log_dual, float* dual) {
    const std::size_t lanes = examples_.lanes;
    const std::size_t classes = examples_.classes;
    const auto top = static_cast<std::size_t>(std::max_element(dual, dual + classes) - dual);
    float multiplier = u[top] - log_dual[top] - a * dual[top];
    float* slope = scratch_.data() + 2 * lanes;
    float* residual = scratch_.data() + 3 * lanes;
    for (int step = 0; step < steps; ++step) {
        Quad slopes = all(0);
        Quad residuals = all(0);
        Quad mass = all(0);
        for (std::size_t k = 0; k < lanes; k += kQuad) {
            const Quad v = load(dual + k);
            const Quad r = load(u + k) - multiplier - load(log_dual + k) - v * a;
            const Quad g = 1.0F / (v * a + 1.0F);
            slopes += v * g;
            residuals += v * r * g;
            mass += v;
            store(slope + k, g);
            store(residual + k, r);
        }
        const float shift = (sum(residuals) + sum(mass) - 1.0F) / sum(slopes);
        for (std::size_t k = 0; k < lanes; k += kQuad) {
            const Quad y = load(log_dual + k) + (load(residual + k) - shift) * load(slope + k);
            store(log_dual + k, smaller(y, all(0)));
            store(dual + k, exponential(smaller(y, all(0))));
        }
        std::fill(dual + classes, dual + lanes, 0.0F);
        std::fill(log_dual + classes, log_dual + lanes, kLogZero);
        multiplier += shift;
    }
    const float factor = 1.0F / std::accumulate(dual, dual + classes, 0.0F);
    for (std::size_t k = 0; k < classes; ++k) {
        dual[k] *= factor;
    }
}

void DualAscent::visit(std::size_t i, int newton_steps, Pass& pass) {
    const std::size_t lanes = examples_.lanes;
    const float cost = options_.strength * examples_.weight[i];
    const float a = cost * length2_[i];
    float* u = scratch_.data();
    float* delta = scratch_.data() + lanes;
    float* dual = dual_.data() + i * lanes;
    const float* target = examples_.target_of(i);
    score(i, u);
    std::copy(u, u + lanes, delta);
    float loss = softmax(delta, examples_.classes, lanes);
    for (std::size_t k = 0; k < examples_.classes; ++k) {
        loss -= target[k] * u[k];
    }
    pass.loss += static_cast<double>(loss);
    pass.rows += 1;

    std::copy(dual, dual + lanes, delta);
    for (std::size_t k = 0; k < lanes; k += kQuad) {
        store(u + k, load(u + k) + load(dual + k) * a);
    }
    solve(u, a, newton_steps, log_dual_.data() + i * lanes, dual);
    float moved = 0;
    for (std::size_t k = 0; k < examples_.classes; ++k) {
        delta[k] -= dual[k];
        moved += std::abs(delta[k]);
        delta[k] *= cost;
    }
    pass.moved += static_cast<double>(moved);
    add_row(i, delta);
}

DualAscent::Pass DualAscent::pass(Rng& rng, std::vector<std::uint32_t>& order, int newton_steps) {
    rng.shuffle(order);
    Pass done;
    for (const std::uint32_t i : order) {
        visit(i, newton_steps, done);
    }
    return done;
}

Result<void> DualAscent::run(const PassObserver& observer) {
    Rng rng = Rng::named(options_.seed, "linear/order");
    std::vector<std::uint32_t> order(examples_.rows());
    std::iota(order.begin(), order.end(), 0U);
    for (std::int64_t epoch = 0; epoch < options_.epochs; ++epoch) {
        const Pass done = pass(rng, order, epoch == 0 ? kFirstNewtonSteps : kNewtonSteps);
        if (!std::isfinite(done.loss) || !std::isfinite(done.moved)) {
            return internal_error(fmt::format(
                "Loss is not finite at step {}; lower the strength ({}) or the weights",
                epoch + 1,
                options_.strength
            ));
        }
        TRY(observer(epoch + 1, done.loss / done.rows));
        if (done.moved < static_cast<double>(options_.tolerance) * done.rows) {
            break;
        }
    }
    return {};
}

/// Takes the row's share out of the weights, as if it had never been there.
void DualAscent::leave_out(std::size_t i) {
    const std::size_t lanes = examples_.lanes;
    const float cost = options_.strength * examples_.weight[i];
    float* delta = scratch_.data();
    for (std::size_t k = 0; k < lanes; ++k) {
        delta[k] = -cost * (examples_.target_of(i)[k] - dual_[i * lanes + k]);
    }
    add_row(i, delta);
}

Result<std::vector<float>> DualAscent::out_of_fold(
    const std::vector<std::uint8_t>& fold, std::size_t folds, const PassObserver& observer
) const {
    std::vector<float> scores(examples_.rows() * examples_.lanes, 0.0F);
    for (std::size_t left_out = 0; left_out < folds; ++left_out) {
        DualAscent rest = *this;
        std::vector<std::uint32_t> order;
        for (std::uint32_t i = 0; i < examples_.rows(); ++i) {
            if (fold[i] == left_out) {
                rest.leave_out(i);
            } else {
                order.push_back(i);
            }
        }
        Rng rng = Rng::named(options_.seed, fmt::format("linear/fold {}", left_out));
        Pass last;
        for (int step = 0; step < kFoldPasses; ++step) {
            last = rest.pass(rng, order, kNewtonSteps);
        }
        for (std::size_t i = 0; i < examples_.rows(); ++i) {
            if (fold[i] == left_out) {
                rest.score(i, scores.data() + i * examples_.lanes);
            }
        }
        const double loss = last.rows > 0 ? last.loss / last.rows : 0.0;
        TRY(observer(static_cast<std::int64_t>(left_out + 1), loss));
    }
    return scores;
}

}  // namespace flywheel::linear
