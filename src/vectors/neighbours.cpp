// SPDX-License-Identifier: Apache-2.0
#include "vectors/neighbours.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/result.h"
#include "vectors/dot.h"

namespace flywheel::vectors {

namespace {

bool is_nearer(const Neighbour& a, const Neighbour& b) {
    return a.cosine != b.cosine ? a.cosine > b.cosine : a.row < b.row;
}

}  // namespace

std::vector<Neighbour> top_k_cosine(
    const MatrixView& matrix, std::span<const float> query, std::size_t k, Lengths lengths
) {
    CHECK(query.size() == matrix.columns);
    CHECK(matrix.rows <= std::numeric_limits<std::uint32_t>::max());
    k = std::min(k, matrix.rows);
    std::vector<Neighbour> best;  // a heap: the farthest of those kept is in front
    if (k == 0) {
        return best;
    }
    best.reserve(k);
    for (std::size_t i = 0; i < matrix.rows; ++i) {
        const auto row = matrix.row(i);
        float near = lengths == Lengths::Unit ? dot(row, query) : cosine(row, query);
        if (std::isnan(near)) {
            near = -std::numeric_limits<float>::infinity();
        }
        const Neighbour candidate{static_cast<std::uint32_t>(i), near};
        if (best.size() < k) {
            best.push_back(candidate);
            std::push_heap(best.begin(), best.end(), is_nearer);
        } else if (is_nearer(candidate, best.front())) {
            std::pop_heap(best.begin(), best.end(), is_nearer);
            best.back() = candidate;
            std::push_heap(best.begin(), best.end(), is_nearer);
        }
    }
    std::sort_heap(best.begin(), best.end(), is_nearer);
    return best;
}

}  // namespace flywheel::vectors
