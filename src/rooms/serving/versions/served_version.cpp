// SPDX-License-Identifier: Apache-2.0
#include "rooms/serving/versions/served_version.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace flywheel::serving {

Signature text_signature(const std::vector<std::string>& labels, std::size_t embedding_size) {
    const auto classes = static_cast<std::int64_t>(labels.size());
    Signature signature;
    signature.inputs = {{"text", DataType::Bytes, {-1}}};
    signature.outputs.resize(4);
    signature.outputs[kLabel] = {"label", DataType::Bytes, {-1}};
    signature.outputs[kLabelId] = {"label_id", DataType::Int64, {-1}};
    signature.outputs[kScores] = {"scores", DataType::Fp32, {-1, classes}, false, labels};
    signature.outputs[kEmbedding] = {
        "embedding", DataType::Fp32, {-1, static_cast<std::int64_t>(embedding_size)}, true
    };
    return signature;
}

std::optional<std::size_t> label_scores(
    Signature& signature, const std::vector<std::string>& labels
) {
    const std::size_t rank = signature.batches ? 2 : 1;
    std::optional<std::size_t> found;
    for (std::size_t i = 0; i < signature.outputs.size(); ++i) {
        const TensorSpec& spec = signature.outputs[i];
        const bool scores = !labels.empty() && spec.type == DataType::Fp32 &&
                            spec.shape.size() == rank &&
                            spec.shape[rank - 1] == static_cast<std::int64_t>(labels.size());
        if (scores && found) {
            return {};
        }
        found = scores ? std::optional(i) : found;
    }
    if (found) {
        signature.outputs[*found].labels = labels;
    }
    return found;
}

std::vector<float> probabilities_of(std::span<const float> scores) {
    double sum = 0;
    bool shares = true;
    float top = -INFINITY;
    for (const float score : scores) {
        if (!std::isfinite(score)) {
            return {};
        }
        sum += static_cast<double>(score);
        shares = shares && score >= 0 && score <= 1;
        top = std::max(top, score);
    }
    std::vector<float> made(scores.begin(), scores.end());
    if (shares) {
        return std::abs(sum - 1) < 1e-3 ? made : std::vector<float>();
    }
    double total = 0;
    for (float& score : made) {
        score = std::exp(score - top);
        total += static_cast<double>(score);
    }
    for (float& score : made) {
        score = static_cast<float>(score / total);
    }
    return made;
}

Result<std::vector<float>> correction_factors(const Correction& correction, std::size_t classes) {
    const auto usable = [classes](const std::vector<double>& prior) {
        return prior.size() == classes && std::all_of(prior.begin(), prior.end(), [](double share) {
                   return std::isfinite(share) && share > 0;
               });
    };
    if (!usable(correction.trained_prior) || !usable(correction.current_prior)) {
        return corrupt(fmt::format(
            "Correction's class mixes are not one positive share a class: {} of model {} version "
            "{}, {} classes",
            correction.id.text(),
            correction.model,
            correction.version,
            classes
        ));
    }
    std::vector<float> factors(classes);
    for (std::size_t k = 0; k < classes; ++k) {
        factors[k] = static_cast<float>(correction.current_prior[k] / correction.trained_prior[k]);
    }
    return factors;
}

std::vector<float> discount_factors(std::span<const double> prior, double discount) {
    std::vector<float> factors;
    if (discount == 0) {
        return factors;
    }
    for (const double share : prior) {
        factors.push_back(static_cast<float>(std::pow(share, -discount)));
    }
    return factors;
}

void apply_factors(std::span<float> scores, std::span<const float> factors) {
    double sum = 0;
    for (std::size_t k = 0; k < scores.size(); ++k) {
        sum += static_cast<double>(scores[k]) * static_cast<double>(factors[k]);
    }
    if (!(sum > 0) || !std::isfinite(sum)) {
        return;
    }
    for (std::size_t k = 0; k < scores.size(); ++k) {
        const double product = static_cast<double>(scores[k]) * static_cast<double>(factors[k]);
        scores[k] = static_cast<float>(product / sum);
    }
}

std::int32_t best_label(std::span<const float> scores) {
    const auto best = std::max_element(scores.begin(), scores.end());
    return static_cast<std::int32_t>(best - scores.begin());
}

}  // namespace flywheel::serving
