// SPDX-License-Identifier: Apache-2.0
#include "stats/evidence.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/result.h"

namespace flywheel::stats {

double e_from_p(double p) {
    CHECK(p >= 0 && p <= 1);
    if (p > 1 - 1e-9) {
        return 0.5;
    }
    const double floored = std::max(p, 1e-12);
    const double log_p = std::log(floored);
    const double miss = 1 - floored;
    // Near 1 numerator and denominator both vanish; the series in 1 - p keeps the digits.
    if (miss < 1e-4) {
        return 0.5 + miss / 6;
    }
    return (1 - floored + floored * log_p) / (floored * log_p * log_p);
}

void EvidenceChain::add(double e, double days) {
    CHECK(e >= 0 && days >= 0);
    m = (days + m) * e;
    onset = std::max(1.0, onset) * e;
}

ErrorEvidence::ErrorEvidence(double m0) : m0_(m0) {
    CHECK(m0 > 0 && m0 < 1);
}

void ErrorEvidence::add(double x, double days) {
    CHECK(x >= 0 && x <= 1 && days >= 0);
    for (std::size_t i = 0; i < members_.size(); ++i) {
        const double bet = std::min(kBets[i], 0.9 / m0_);
        members_[i] = (days + members_[i]) * (1 + bet * (x - m0_));
    }
}

double ErrorEvidence::mean() const {
    return std::accumulate(members_.begin(), members_.end(), 0.0) /
           static_cast<double>(members_.size());
}

std::vector<std::size_t> e_benjamini_hochberg(std::span<const double> evidence, double alpha) {
    std::vector<std::size_t> order(evidence.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return evidence[a] > evidence[b];
    });
    std::size_t named = 0;
    for (std::size_t k = 1; k <= order.size(); ++k) {
        const double bar = static_cast<double>(order.size()) / (alpha * static_cast<double>(k));
        if (evidence[order[k - 1]] >= bar) {
            named = k;
        }
    }
    order.resize(named);
    return order;
}

}  // namespace flywheel::stats
