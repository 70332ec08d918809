// SPDX-License-Identifier: Apache-2.0
#include "stats/label_shift.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/result.h"

namespace flywheel::stats {

namespace {

bool all_positive(std::span<const double> shares) {
    return std::all_of(shares.begin(), shares.end(), [](double share) { return share > 0; });
}

}  // namespace

MixEstimator::MixEstimator(std::vector<double> prior) : prior_(std::move(prior)) {
    CHECK(!prior_.empty() && all_positive(prior_));
}

void MixEstimator::add(std::span<const float> scores, std::span<const double> trained_prior) {
    CHECK(scores.size() == prior_.size() && trained_prior.size() == prior_.size());
    CHECK(all_positive(trained_prior));
    const std::size_t first = ratios_.size();
    float largest = 0;
    for (std::size_t k = 0; k < scores.size(); ++k) {
        const auto ratio = static_cast<float>(scores[k] / trained_prior[k]);
        ratios_.push_back(ratio);
        largest = std::max(largest, ratio);
    }
    // A row without any score says nothing about the mix.
    if (!(largest > 0) || !std::isfinite(largest)) {
        ratios_.resize(first);
        return;
    }
    for (std::size_t k = first; k < ratios_.size(); ++k) {
        ratios_[k] /= largest;
    }
    ++rows_;
}

MixEstimate MixEstimator::estimate(const MixPlan& plan) const {
    CHECK(plan.pull > 0);
    const std::size_t classes = prior_.size();
    MixEstimate result{prior_, 0, 0};
    std::vector<double> sums(classes);
    const double total = static_cast<double>(rows_) + plan.pull;
    while (rows_ > 0 && result.rounds < plan.rounds_max) {
        std::fill(sums.begin(), sums.end(), 0.0);
        for (std::size_t row = 0; row < ratios_.size(); row += classes) {
            double evidence = 0;
            for (std::size_t k = 0; k < classes; ++k) {
                evidence += ratios_[row + k] * result.mix[k];
            }
            for (std::size_t k = 0; k < classes; ++k) {
                sums[k] += ratios_[row + k] * result.mix[k] / evidence;
            }
        }
        result.last_change = 0;
        for (std::size_t k = 0; k < classes; ++k) {
            const double share = (sums[k] + plan.pull * prior_[k]) / total;
            result.last_change = std::max(result.last_change, std::abs(share - result.mix[k]));
            result.mix[k] = share;
        }
        ++result.rounds;
        if (result.last_change < plan.tolerance) {
            break;
        }
    }
    return result;
}

std::vector<float> corrected(
    std::span<const float> scores,
    std::span<const double> current_prior,
    std::span<const double> trained_prior
) {
    CHECK(scores.size() == current_prior.size() && scores.size() == trained_prior.size());
    std::vector<double> tilted(scores.size());
    double sum = 0;
    for (std::size_t k = 0; k < scores.size(); ++k) {
        CHECK(trained_prior[k] > 0);
        tilted[k] = scores[k] * current_prior[k] / trained_prior[k];
        sum += tilted[k];
    }
    std::vector<float> result(scores.size());
    for (std::size_t k = 0; k < scores.size(); ++k) {
        result[k] = static_cast<float>(sum > 0 ? tilted[k] / sum : current_prior[k]);
    }
    return result;
}

std::vector<double> discounted_prior(std::span<const double> prior, double discount) {
    std::vector<double> mix(prior.size());
    double sum = 0;
    for (std::size_t k = 0; k < prior.size(); ++k) {
        mix[k] = std::pow(prior[k], 1 - discount);
        sum += mix[k];
    }
    for (auto& share : mix) {
        share /= sum;
    }
    return mix;
}

}  // namespace flywheel::stats
