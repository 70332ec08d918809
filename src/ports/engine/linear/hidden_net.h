#pragma once
// SPDX-License-Identifier: Apache-2.0
// The optional hidden layer: scores = V max(0, W x + b) + c, fitted row by row with AdaGrad (Duchi,
// Hazan, Singer 2011), whose steps suit features that are rarely there. Called by the fit; one net,
// one thread.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/rng.h"
#include "ports/engine/linear/dual_ascent.h"
#include "ports/engine/linear/examples.h"

namespace flywheel::linear {

struct HiddenOptions {
    std::size_t units = 64;  ///< A multiple of kLanes.
    float rate = 0.05F;
    std::int64_t epochs = 20;
    std::uint64_t seed = 0;
};

class HiddenNet {
  public:
    /// `examples` must outlive the net.
    HiddenNet(const Examples& examples, const HiddenOptions& options);

    /// Passes over `rows` until the mean loss falls by less than 1 % of itself or the epochs are
    /// used. Internal: "Loss is not finite at step n".
    Result<void> run(std::vector<std::uint32_t> rows, const PassObserver& observer);

    /// Scores of row i: [lanes].
    void score(std::size_t i, float* out);

    [[nodiscard]] const std::vector<float>& weights() const {
        return weights_.value;
    }  ///< [columns][units]

    [[nodiscard]] const std::vector<float>& hidden_bias() const {
        return hidden_bias_.value;
    }  ///< [units]

    [[nodiscard]] const std::vector<float>& head() const {
        return head_.value;
    }  ///< [classes][units]

    [[nodiscard]] const std::vector<float>& bias() const { return bias_.value; }  ///< [lanes]

  private:
    /// Rows of weights, each with the sum of its mean squared gradients so far.
    struct Trained {
        std::vector<float> value;
        std::vector<float> squares;  ///< One a row.
    };

    double visit(std::size_t i);
    /// Moves a row of weights against gradient * factor; the row is as long as the gradient.
    void step(Trained& weights, std::size_t row, std::span<const float> gradient, float factor)
        const;

    const Examples& examples_;
    HiddenOptions options_;
    Trained weights_;
    Trained hidden_bias_;
    Trained head_;
    Trained bias_;
    std::vector<float> hidden_;    ///< [units] of the row at hand
    std::vector<float> backward_;  ///< [units]: gradient at the hidden layer
};

}  // namespace flywheel::linear
