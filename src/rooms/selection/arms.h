#pragma once
// SPDX-License-Identifier: Apache-2.0
// The two arms of selection as functions over the eligible rows: the uniform audit and the smallest
// margins without near duplicates. Called by Selection. Pure functions, any thread.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "records/prediction.h"
#include "rooms/selection/group_book.h"

namespace flywheel::selection {

/// A served row with an Example.
struct Candidate {
    Prediction row;
    Digest group;
};

/// `count` rows as a simple random sample without replacement: those of the smallest
/// XXH3(prediction id, seed). Each row is in it with probability count / rows, exactly, over seeds;
/// for one seed the choice of a row does not depend on its content. Places in `rows`, by hash.
[[nodiscard]] std::vector<std::size_t> audit_sample(
    const std::vector<Candidate>& rows, std::size_t count, std::uint64_t seed
);

/// p1 - p2 of the calibrated scores before any label-shift correction (which pulls margins towards
/// the common classes); 1 with fewer than two scores.
[[nodiscard]] double margin_of(const Prediction& row);

struct MarginPlan {
    std::size_t count = 0;
    double duplicate_cosine = 0.95;
    /// Rows that will be asked about anyway, as places: nothing near them is worth a question.
    std::vector<std::size_t> picked;
};

/// Up to `count` of the places in `pool`, smallest margin first (ties: smaller item), leaving out
/// what is nearer than duplicate_cosine to a picked row; when too few remain, filled from those
/// left out, in order.
[[nodiscard]] std::vector<std::size_t> smallest_margins(
    const std::vector<Candidate>& rows, std::vector<std::size_t> pool, const MarginPlan& plan
);

}  // namespace flywheel::selection
