#pragma once
// SPDX-License-Identifier: Apache-2.0
// The training rows as numbers: a vocabulary of the features that occur in them, and one sparse
// unit-length tf-idf vector a row. Made once per fit and read by the solvers. Pure, any thread.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "ports/engine/engine.h"
#include "ports/engine/linear/featuriser.h"

namespace flywheel::linear {

/// 1 + ln count (sublinear term frequency).
[[nodiscard]] float count_weight(std::uint32_t count);

struct Vocabulary {
    std::vector<std::uint32_t> id;  ///< Of each column, in order of first occurrence.
    /// Of each column: ln((1 + n) / (1 + df)) + 1 over the n training and unlabelled texts (Salton,
    /// Buckley 1988, smoothed as in scikit-learn).
    std::vector<float> idf;
    float idf_unseen = 1;  ///< Of a feature that occurs in no training row: df = 0.
};

struct Cell {
    std::uint32_t column = 0;
    float value = 0;
};

struct Examples {
    std::size_t classes = 0;
    std::size_t lanes = 0;  ///< classes, padded.
    Vocabulary vocabulary;
    std::vector<std::size_t> begin;    ///< Row i's cells are [begin[i], begin[i + 1]).
    std::vector<Cell> cells;           ///< A row has length 1, or none (empty text).
    std::vector<float> target;         ///< [rows][lanes], each row sums to 1.
    std::vector<float> weight;         ///< [rows]
    std::vector<std::uint64_t> group;  ///< [rows]; rows of one group stay in one fold.

    [[nodiscard]] std::size_t rows() const { return weight.size(); }

    [[nodiscard]] std::size_t columns() const { return vocabulary.id.size(); }

    [[nodiscard]] std::span<const Cell> row(std::size_t i) const {
        return {cells.data() + begin[i], begin[i + 1] - begin[i]};
    }

    [[nodiscard]] const float* target_of(std::size_t i) const { return target.data() + i * lanes; }
};

/// `smoothing`: share of each label that is spread over all classes.
[[nodiscard]] Examples make_examples(
    const TrainingSet& set, const FeatureSpace& space, double smoothing
);

/// Weighted share of each class, (sum w t + 1) / (sum w + K): [lanes].
[[nodiscard]] std::vector<float> class_share(const Examples& examples);

}  // namespace flywheel::linear
