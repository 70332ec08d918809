#pragma once
// SPDX-License-Identifier: Apache-2.0
// The curve of one fit: the mean loss over the rows it learned from, pass by pass, and how it is
// thinned and written. Used by the jobs, which make it, and by Fits, which reads it again.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace flywheel::training {

struct CurvePoint {
    std::int64_t step = 0;  ///< Pass over the rows, from 1.
    double loss = 0;
};

using Curve = std::vector<CurvePoint>;

/// As many points are kept of a fit at most.
constexpr std::size_t kCurvePointsMost = 100;

/// At most `most` (two or more) of the points, evenly spread, the first and the last among them.
[[nodiscard]] Curve thinned(const Curve& curve, std::size_t most = kCurvePointsMost);

/// [[step, loss], ...], losses to six digits.
[[nodiscard]] Json curve_json(const Curve& curve);
/// Corrupt when it is not of that form.
Result<Curve> curve_from(const Json& json);

}  // namespace flywheel::training
