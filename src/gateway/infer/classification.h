#pragma once
// SPDX-License-Identifier: Apache-2.0
// The classification extension: of each row's numbers the k highest, as "value:index:label".
// Called by the infer route; pure functions, any thread.

#include <cstdint>
#include <string>
#include <vector>

#include "ports/engine/tensor.h"

namespace flywheel::gateway {

/// `values` has one dimension besides the batch (`batches`); k >= 1. The result is BYTES
/// [batch, min(k, classes)], or [min(k, classes)]: highest first, ties by lower index, NaN last.
[[nodiscard]] Tensor classify(
    const TensorView& values, std::int64_t k, const std::vector<std::string>& labels, bool batches
);

}  // namespace flywheel::gateway
