#pragma once
// SPDX-License-Identifier: Apache-2.0
// Label shift: when only the class mix moves, calibrated scores tell the new mix, and the mix
// corrects the scores. Used by evaluation (estimate) and serving (correct); one thread an estimate,
// the function from any thread.

#include <cstdint>
#include <span>
#include <vector>

namespace flywheel::stats {

struct MixPlan {
    double pull =
        100;  ///< Rows of the prior that pull the estimate to it (a Dirichlet prior's weight).
    int rounds_max = 60;
    double tolerance = 1e-6;  ///< Stops when no share moves by more in a round.
};

struct MixEstimate {
    std::vector<double> mix;  ///< [K] class shares, sum 1, each > 0.
    int rounds = 0;
    double last_change = 0;  ///< Largest change of a share in the last round.
};

/// Estimates the class mix behind rows whose calibrated scores are known, by EM (Saerens, Latinne,
/// Decaestecker, Neural Computation 14, 2002) with a Dirichlet pull: w_ik = p_ik q_k / pi_ik, rows
/// normalised; q_k = (sum_i w_ik + pull prior_k) / (n + pull), from q = prior. It is right only for
/// scores that are calibrated out of sample, so never add a row that the model was trained on.
class MixEstimator {
  public:
    /// prior: [K] where the estimate starts and what pulls it, all > 0, sum 1.
    explicit MixEstimator(std::vector<double> prior);

    /// A row's calibrated scores [K] and the class mix [K] that the scoring model was trained on
    /// (all > 0): rows of several model versions may be added, each with its own.
    void add(std::span<const float> scores, std::span<const double> trained_prior);

    [[nodiscard]] MixEstimate estimate(const MixPlan& plan = {}) const;

    [[nodiscard]] std::int64_t rows() const { return rows_; }

  private:
    std::vector<double> prior_;
    std::vector<float> ratios_;  ///< [rows, K] p_ik / pi_ik, each row divided by its largest.
    std::int64_t rows_ = 0;
};

/// The scores under another class mix: p_k q_k / pi_k, normalised. q = current_prior, pi =
/// trained_prior > 0, all [K]. Scores that are all zero come back as the current prior.
[[nodiscard]] std::vector<float> corrected(
    std::span<const float> scores,
    std::span<const double> current_prior,
    std::span<const double> trained_prior
);

/// The class mix that scores are served under while none has been measured: prior_k^(1 - discount),
/// normalised. 0 keeps the training mix, 1 assumes that all classes are equally likely. Between
/// them lies a decision rule that gives rare classes more room at little cost in accuracy; it
/// estimates nothing and needs no data.
[[nodiscard]] std::vector<double> discounted_prior(std::span<const double> prior, double discount);

}  // namespace flywheel::stats
