// SPDX-License-Identifier: Apache-2.0
#include "tasks/text/metrics.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

namespace flywheel::text {

namespace {

Result<void> check_labels(
    std::span<const std::int64_t> labels, int classes, std::string_view what
) {
    for (std::size_t row = 0; row < labels.size(); ++row) {
        if (labels[row] < 0 || labels[row] >= classes) {
            return invalid_argument(fmt::format(
                "Label is outside [0, {}): {} row {}: {}", classes, what, row, labels[row]
            ));
        }
    }
    return {};
}

struct Mean {
    double sum = 0;
    std::int64_t count = 0;

    void add(double value) {
        sum += value;
        ++count;
    }

    [[nodiscard]] std::optional<double> value() const {
        return count == 0 ? std::nullopt : std::optional(sum / static_cast<double>(count));
    }
};

}  // namespace

Result<Scorecard> score(
    std::span<const std::int64_t> gold, std::span<const std::int64_t> predicted, int classes
) {
    if (gold.size() != predicted.size()) {
        return invalid_argument(fmt::format(
            "Gold and predicted labels differ in number: {} and {}", gold.size(), predicted.size()
        ));
    }
    TRY(check_labels(gold, classes, "gold"));
    TRY(check_labels(predicted, classes, "predicted"));
    const auto size = static_cast<std::size_t>(std::max(classes, 0));
    Scorecard card;
    card.rows = static_cast<std::int64_t>(gold.size());
    card.confusion.assign(size, std::vector<std::int64_t>(size, 0));
    std::vector<std::int64_t> in_gold(size, 0);
    std::vector<std::int64_t> in_predicted(size, 0);
    for (std::size_t row = 0; row < gold.size(); ++row) {
        const auto truth = static_cast<std::size_t>(gold[row]);
        const auto guess = static_cast<std::size_t>(predicted[row]);
        ++card.confusion[truth][guess];
        ++in_gold[truth];
        ++in_predicted[guess];
    }
    Mean recall;
    Mean f1;
    std::int64_t right = 0;
    card.recall.resize(size);
    for (std::size_t k = 0; k < size; ++k) {
        const auto hits = static_cast<double>(card.confusion[k][k]);
        right += card.confusion[k][k];
        if (in_gold[k] > 0) {
            card.recall[k] = hits / static_cast<double>(in_gold[k]);
            recall.add(*card.recall[k]);
        }
        if (in_gold[k] + in_predicted[k] > 0) {
            f1.add(2 * hits / static_cast<double>(in_gold[k] + in_predicted[k]));
        }
    }
    if (card.rows > 0) {
        card.accuracy = static_cast<double>(right) / static_cast<double>(card.rows);
    }
    card.balanced_recall = recall.value();
    card.macro_f1 = f1.value();
    return card;
}

Result<std::optional<double>> log_loss(
    std::span<const std::int64_t> gold,
    std::span<const float> probabilities,
    int classes,
    double floor
) {
    const auto width = static_cast<std::size_t>(std::max(classes, 0));
    if (probabilities.size() != gold.size() * width) {
        return invalid_argument(fmt::format(
            "Probabilities must be rows x classes = {} x {}: {}",
            gold.size(),
            width,
            probabilities.size()
        ));
    }
    TRY(check_labels(gold, classes, "gold"));
    for (std::size_t i = 0; i < probabilities.size(); ++i) {
        if (!(probabilities[i] >= 0.0F && probabilities[i] <= 1.0F)) {
            return invalid_argument(fmt::format(
                "Probability is outside [0, 1]: row {} class {}: {}",
                i / width,
                i % width,
                probabilities[i]
            ));
        }
    }
    Mean loss;
    for (std::size_t row = 0; row < gold.size(); ++row) {
        const double p = probabilities[row * width + static_cast<std::size_t>(gold[row])];
        loss.add(-std::log(std::max(p, floor)));
    }
    return loss.value();
}

}  // namespace flywheel::text
