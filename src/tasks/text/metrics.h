#pragma once
// SPDX-License-Identifier: Apache-2.0
// Metrics of text classification. Called by evaluation, monitoring, training. Pure functions, any
// thread. No rows give no figure: nothing is 0 or NaN for want of data.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"

namespace flywheel::text {

struct Scorecard {
    std::int64_t rows = 0;
    std::vector<std::vector<std::int64_t>> confusion;  ///< [K gold][K predicted] rows.
    std::vector<std::optional<double>> recall;  ///< [K]; nothing for a class without gold rows.
    std::optional<double> accuracy;
    std::optional<double> balanced_recall;  ///< Mean recall over classes with gold rows.
    /// Mean F1 over labels seen in gold or prediction (KLUE-TC, Park et al. 2021; scikit-learn's
    /// default): a label that is only predicted counts 0.
    std::optional<double> macro_f1;
};

/// Labels are class indices in [0, classes). InvalidArgument names the row of a label that is not,
/// or the unequal lengths.
Result<Scorecard> score(
    std::span<const std::int64_t> gold, std::span<const std::int64_t> predicted, int classes
);

/// Mean of -ln p(gold), natural logarithm, probabilities floored at `floor`. `probabilities` is
/// [rows x classes], row after row. InvalidArgument names the row of a value that is not in [0, 1],
/// or the shapes that do not fit.
Result<std::optional<double>> log_loss(
    std::span<const std::int64_t> gold,
    std::span<const float> probabilities,
    int classes,
    double floor = 1e-6
);

}  // namespace flywheel::text
