// SPDX-License-Identifier: Apache-2.0
#include "rooms/monitoring/detectors.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/result.h"
#include "stats/chi_square.h"
#include "stats/evidence.h"
#include "stats/special.h"

namespace flywheel::monitoring {

namespace {

constexpr double kQuantum = 1 << 14;
constexpr std::size_t kBlocks = 30;
constexpr std::size_t kBlockRowsMin = 10;

/// IEEE 754 half precision to double; exact.
double from_half(std::uint16_t bits) {
    const int exponent = bits >> 10 & 0x1F;
    const int fraction = bits & 0x3FF;
    const double sign = (bits & 0x8000) != 0 ? -1 : 1;
    if (exponent == 0x1F) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    return exponent == 0 ? sign * std::ldexp(fraction, -24)
                         : sign * std::ldexp(fraction + 1024, exponent - 25);
}

bool finite(const std::vector<std::uint16_t>& embedding) {
    return std::none_of(embedding.begin(), embedding.end(), [](std::uint16_t bits) {
        return (bits >> 10 & 0x1F) == 0x1F;
    });
}

bool usable(const Prediction& row, std::size_t width) {
    return !row.embedding.empty() && row.embedding.size() == width && finite(row.embedding);
}

WindowSums minus(const WindowSums& whole, const WindowSums& part) {
    WindowSums rest = whole;
    rest.rows -= part.rows;
    rest.embedding_rows -= part.embedding_rows;
    for (std::size_t k = 0; k < rest.class_counts.size(); ++k) {
        rest.class_counts[k] -= part.class_counts[k];
    }
    for (std::size_t j = 0; j < part.embedding_sums.size(); ++j) {
        rest.embedding_sums[j] -= part.embedding_sums[j];
    }
    return rest;
}

stats::MeanShift embedding_shift(
    const stats::MeanFrame& frame,
    const WindowSums& reference,
    const WindowSums& window,
    double rows_used,
    double design_effect
) {
    return stats::mean_shift(
        frame,
        reference.embedding_mean(),
        window.embedding_mean(),
        {.reference_rows = static_cast<double>(reference.embedding_rows),
         .window_rows = rows_used,
         .design_effect = design_effect}
    );
}

/// Ratio of what blocks show to what independent rows would, with a margin for having few blocks
/// (monitoring.md, section 3.4).
double design_effect(double statistic_sum, double expected_sum, double freedom, double blocks) {
    if (blocks < 2 || expected_sum <= 0) {
        return 1;
    }
    const double margin = 1 + 0.84 * std::sqrt(2 / (blocks * freedom));
    return std::max(1.0, statistic_sum / expected_sum * margin);
}

void measure_design_effects(
    Reference& reference, std::span<const Prediction> rows, std::int32_t classes
) {
    const std::size_t blocks = std::min(kBlocks, rows.size() / kBlockRowsMin);
    double class_sum = 0;
    double class_freedom = 0;
    double embedding_sum = 0;
    double embedding_expected = 0;
    for (std::size_t l = 0; l < blocks; ++l) {
        const std::size_t first = rows.size() * l / blocks;
        const std::size_t last = rows.size() * (l + 1) / blocks;
        const WindowSums block = sums_of(rows.subspan(first, last - first), classes);
        const WindowSums rest = minus(reference.sums, block);
        // Blocks are small, but only the mean of the statistic matters here, and that needs no
        // pooling.
        const auto chi = stats::two_sample_chi_square(
            rest.class_counts, block.class_counts, {.expected_min = 1e-9}
        );
        class_sum += chi.statistic;
        class_freedom += chi.freedom;
        if (reference.frame.directions() > 0 && block.embedding_rows > 0 &&
            rest.embedding_rows > 0) {
            const auto block_rows = static_cast<double>(block.embedding_rows);
            embedding_sum += embedding_shift(reference.frame, rest, block, block_rows, 1).statistic;
            embedding_expected += stats::expected_statistic(reference.frame);
        }
    }
    const auto count = static_cast<double>(blocks);
    reference.class_design_effect =
        design_effect(class_sum, class_freedom, std::max(1.0, class_freedom / count), count);
    reference.embedding_design_effect = design_effect(
        embedding_sum,
        embedding_expected,
        std::max(1.0, static_cast<double>(reference.frame.directions())),
        count
    );
}

Reading read_classes(const Reference& reference, const WindowSums& window) {
    Reading reading;
    const auto m = static_cast<double>(reference.sums.rows);
    const auto n = static_cast<double>(window.rows);
    reading.rows_used = std::min(n, m * kWindowShareMax);
    const auto chi = stats::two_sample_chi_square(
        reference.sums.class_counts, window.class_counts, {.window_rows_max = m * kWindowShareMax}
    );
    if (chi.freedom < 1) {
        return reading;
    }
    reading.applicable = true;
    reading.p =
        stats::chi_square_survival(chi.statistic / reference.class_design_effect, chi.freedom);
    reading.e = stats::e_from_p(reading.p);
    reading.effect = chi.effect;
    reading.category = chi.category;
    const auto k = static_cast<std::size_t>(chi.category);
    reading.share_before = static_cast<double>(reference.sums.class_counts[k]) / m;
    reading.share_now = static_cast<double>(window.class_counts[k]) / n;
    const double share = reading.share_before;
    // The largest of K changes is shown, hence Bonferroni's quantile.
    const auto classes = static_cast<double>(window.class_counts.size());
    const double z = stats::normal_quantile(1 - 0.025 / classes);
    reading.noise =
        z * std::sqrt(share * (1 - share) * (1 / n + 1 / m) * reference.class_design_effect);
    return reading;
}

/// The value that chi-square with `freedom` degrees exceeds in 5 % (Wilson, Hilferty 1931; good to
/// 1 %).
double chi_square_upper(double freedom) {
    const double a = 2 / (9 * freedom);
    return freedom * std::pow(1 - a + 1.6449 * std::sqrt(a), 3);
}

Reading read_embedding(const Reference& reference, const WindowSums& window) {
    Reading reading;
    const auto directions = static_cast<double>(reference.frame.directions());
    if (directions < 1 || window.embedding_rows == 0 ||
        window.embedding_sums.size() != reference.frame.width) {
        return reading;
    }
    const auto m = static_cast<double>(reference.sums.embedding_rows);
    const auto n = static_cast<double>(window.embedding_rows);
    const double design_effect = reference.embedding_design_effect;
    reading.rows_used = std::min(n, m * kWindowShareMax);
    const auto shift =
        embedding_shift(reference.frame, reference.sums, window, reading.rows_used, design_effect);
    reading.applicable = true;
    reading.p = shift.p;
    reading.e = stats::e_from_p(shift.p);
    reading.effect = shift.effect;
    reading.noise =
        std::sqrt(design_effect * (1 / n + 1 / m) * chi_square_upper(directions) / directions);
    return reading;
}

}  // namespace

void WindowSums::add(const Prediction& row) {
    ++rows;
    if (row.label >= 0 && row.label < static_cast<std::int64_t>(class_counts.size())) {
        ++class_counts[static_cast<std::size_t>(row.label)];
    }
    if (embedding_sums.empty() && embedding_rows == 0 && finite(row.embedding)) {
        embedding_sums.resize(row.embedding.size());
    }
    if (!usable(row, embedding_sums.size())) {
        return;
    }
    ++embedding_rows;
    for (std::size_t j = 0; j < embedding_sums.size(); ++j) {
        embedding_sums[j] += std::llround(from_half(row.embedding[j]) * kQuantum);
    }
}

void WindowSums::merge(const WindowSums& other) {
    CHECK(class_counts.size() == other.class_counts.size());
    rows += other.rows;
    for (std::size_t k = 0; k < class_counts.size(); ++k) {
        class_counts[k] += other.class_counts[k];
    }
    if (embedding_sums.empty()) {
        embedding_sums.resize(other.embedding_sums.size());
    }
    if (embedding_sums.size() != other.embedding_sums.size()) {
        return;
    }
    embedding_rows += other.embedding_rows;
    for (std::size_t j = 0; j < embedding_sums.size(); ++j) {
        embedding_sums[j] += other.embedding_sums[j];
    }
}

std::vector<double> WindowSums::embedding_mean() const {
    std::vector<double> mean(embedding_sums.size());
    for (std::size_t j = 0; j < mean.size() && embedding_rows > 0; ++j) {
        mean[j] =
            static_cast<double>(embedding_sums[j]) / kQuantum / static_cast<double>(embedding_rows);
    }
    return mean;
}

WindowSums empty_sums(std::int32_t classes) {
    WindowSums sums;
    sums.class_counts.resize(static_cast<std::size_t>(classes));
    return sums;
}

WindowSums sums_of(std::span<const Prediction> rows, std::int32_t classes) {
    WindowSums sums = empty_sums(classes);
    for (const auto& row : rows) {
        sums.add(row);
    }
    return sums;
}

Reference make_reference(std::span<const Prediction> rows, std::int32_t classes) {
    Reference reference;
    reference.sums = sums_of(rows, classes);
    const std::size_t width = reference.sums.embedding_sums.size();
    std::vector<float> values;
    values.reserve(rows.size() * width);
    for (const auto& row : rows) {
        if (usable(row, width)) {
            for (const std::uint16_t bits : row.embedding) {
                values.push_back(static_cast<float>(from_half(bits)));
            }
        }
    }
    reference.frame = stats::mean_frame({values, width});
    for (double& cell : reference.frame.basis) {
        cell = std::round(cell * kBasisQuantum) / kBasisQuantum;
    }
    measure_design_effects(reference, rows, classes);
    return reference;
}

Readings compare(const Reference& reference, const WindowSums& window) {
    if (reference.sums.rows == 0 || window.rows == 0) {
        return {};
    }
    return {read_classes(reference, window), read_embedding(reference, window)};
}

}  // namespace flywheel::monitoring
