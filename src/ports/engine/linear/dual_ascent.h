#pragma once
// SPDX-License-Identifier: Apache-2.0
// The solver of the softmax head: stochastic dual coordinate ascent for maximum entropy (Yu, Huang,
// Lin 2011; Shalev-Shwartz, Zhang 2013). No learning rate, a few passes, deterministic for a seed.
// Called by the fit; one solver, one thread.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/result.h"
#include "base/rng.h"
#include "ports/engine/linear/examples.h"

namespace flywheel::linear {

/// Value of the constant feature that carries the bias: small, so the bias is regularised hard and
/// does not memorise the class mix of the training rows.
inline constexpr float kBiasFeature = 0.3F;

struct DualOptions {
    float strength = 10;  ///< C of min |W|^2/2 + sum_i C w_i CE(t_i, softmax(W x_i)).
    std::int64_t epochs = 20;
    float tolerance = 0.01F;  ///< Stops when the duals move less than this a row (mean L1).
    std::uint64_t seed = 0;
};

/// Called after each pass with the number of passes and the mean loss met during it.
using PassObserver = std::function<Result<void>(std::int64_t, double)>;

class DualAscent {
  public:
    /// `examples` must outlive the solver.
    DualAscent(const Examples& examples, const DualOptions& options);

    /// Passes until the tolerance or the epochs are reached. Internal: "Loss is not finite at step
    /// n".
    Result<void> run(const PassObserver& observer);

    /// Scores of every row by a solver that did not see its fold: [rows][lanes]. `fold` has the
    /// fold of each row. Fold fits start from the duals of this one, so two passes are enough.
    Result<std::vector<float>> out_of_fold(
        const std::vector<std::uint8_t>& fold, std::size_t folds, const PassObserver& observer
    ) const;

    /// Scores of row i: [lanes].
    void score(std::size_t i, float* out) const;

    [[nodiscard]] const std::vector<float>& weights() const {
        return weights_;
    }  ///< [columns][lanes]

    [[nodiscard]] const std::vector<float>& bias() const { return bias_; }  ///< [lanes], to add.

  private:
    struct Pass {
        double loss = 0;
        double moved = 0;
        double rows = 0;
    };

    Pass pass(Rng& rng, std::vector<std::uint32_t>& order, int newton_steps);
    void visit(std::size_t i, int newton_steps, Pass& pass);
    /// Newton on the dual of one row: the distribution that minimises sum v ln v - u v + a |v|^2
    /// / 2.
    void solve(const float* u, float a, int steps, float* log_dual, float* dual);
    void add_row(std::size_t i, const float* delta);
    void leave_out(std::size_t i);

    const Examples& examples_;
    DualOptions options_;
    std::vector<float> weights_;
    std::vector<float> bias_;
    std::vector<float> dual_;      ///< [rows][lanes]: a distribution a row.
    std::vector<float> log_dual_;  ///< [rows][lanes]
    std::vector<float> length2_;   ///< [rows]: |x|^2 with the bias feature.
    std::vector<float> scratch_;   ///< [4][lanes]
};

}  // namespace flywheel::linear
