#pragma once
// SPDX-License-Identifier: Apache-2.0
// What one window shows, as exact sums, and how far that is from the reference. Used inside
// monitoring only; plain values, one thread.

#include <cstdint>
#include <span>
#include <vector>

#include "records/prediction.h"
#include "stats/mean_shift.h"

namespace flywheel::monitoring {

/// Integer sums only, so merging is exact in any order: profile(A u B) == merge(profile(A),
/// profile(B)).
struct WindowSums {
    std::int64_t rows = 0;
    std::vector<std::int64_t> class_counts;  ///< [K] answers by class.
    std::int64_t embedding_rows = 0;         ///< Rows with a finite embedding of the common width.
    std::vector<std::int64_t>
        embedding_sums;  ///< [width] sums of round(z * 2^14); empty without embeddings.

    auto operator<=>(const WindowSums&) const = default;

    void add(const Prediction& row);
    void merge(const WindowSums& other);
    /// [width] Mean of the embeddings.
    [[nodiscard]] std::vector<double> embedding_mean() const;
};

/// Empty sums for so many classes.
[[nodiscard]] WindowSums empty_sums(std::int32_t classes);
[[nodiscard]] WindowSums sums_of(std::span<const Prediction> rows, std::int32_t classes);

/// Cells of a reference's basis are multiples of 1 / kBasisQuantum, so that they are stored
/// exactly.
inline constexpr double kBasisQuantum = 1 << 16;

/// What "normal" looks like, and how much rows of the same stretch vary.
struct Reference {
    WindowSums sums;
    stats::MeanFrame frame;
    double class_design_effect =
        1;  ///< How much more blocks of rows vary than independent rows would.
    double embedding_design_effect = 1;
};

/// `rows` in order of time. Basis entries are rounded to 2^-16, so a stored frame gives the same
/// numbers.
[[nodiscard]] Reference make_reference(std::span<const Prediction> rows, std::int32_t classes);

/// One detector's view of one window.
struct Reading {
    bool applicable = false;  ///< False: nothing to compare (one class, no embeddings).
    double p = 1;
    double e = 1;
    double effect = 0;
    double noise = 0;      ///< Effect that chance alone exceeds in 5 % of windows of this size.
    double rows_used = 0;  ///< n of the test: at most a tenth of the reference.
    std::int64_t category = -1;  ///< Class whose share moved most.
    double share_before = 0;
    double share_now = 0;
};

struct Readings {
    Reading classes;
    Reading embedding;
};

/// A window counts as at most this share of the reference's rows. Windows share the sampling error
/// of one reference; beyond the cap that error would look like drift in every window
/// (monitoring.md, section 2).
inline constexpr double kWindowShareMax = 0.1;

[[nodiscard]] Readings compare(const Reference& reference, const WindowSums& window);

}  // namespace flywheel::monitoring
