#pragma once
// SPDX-License-Identifier: Apache-2.0
// ServedVersion: one loaded model version with its label names and, when it is on, its label-shift
// correction. Immutable: any thread may predict with it.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ports/engine/tensor_model.h"
#include "records/correction.h"
#include "rooms/serving/batching/batch_threads.h"
#include "rooms/serving/batching/served_counts.h"
#include "rooms/serving/batching/turn_line.h"

namespace flywheel::serving {

/// Places of a text classifier's outputs in its signature.
enum TextOutput : std::size_t { kLabel, kLabelId, kScores, kEmbedding };

/// What a text classifier takes and gives: `text` BYTES [-1]; `label`, `label_id`, `scores` [-1,K],
/// and, to who asks, `embedding` [-1,E].
[[nodiscard]] Signature text_signature(
    const std::vector<std::string>& labels, std::size_t embedding_size
);

struct ServedVersion {
    std::string model;
    std::int64_t number = 0;
    std::string number_text;          ///< What the protocol shows.
    std::string engine;               ///< "linear"
    std::vector<std::string> labels;  ///< [K] names in class order.
    std::shared_ptr<const Model> weights;
    Signature signature;
    std::optional<std::size_t> scores;  ///< Of a model over tensors: its output of class scores.
    std::shared_ptr<ServedCounts> counts;
    std::shared_ptr<BatchLane> lane;  ///< Where its requests wait for a thread of the room, or
    std::shared_ptr<TurnLine> turns;  ///< null, and long ones wait for their caller's own here.
    Id<Correction> correction;        ///< The newest one looked at, on or off; zero = none.
    std::vector<double> prior;        ///< [K] class mix it was trained on; empty = not known.
    std::vector<float>
        factors;  ///< [K] served mix / trained mix; empty = scores are served as they are.
    bool mix_measured =
        false;  ///< The served mix is an enabled Correction's, not the discounted training mix.

    [[nodiscard]] std::size_t classes() const { return labels.size(); }

    [[nodiscard]] std::size_t embedding_size() const {
        return static_cast<std::size_t>(weights->embedding_size());
    }

    /// Null for a text classifier.
    [[nodiscard]] const TensorModel* tensors() const { return weights->tensors(); }

    /// Of requests that are neither answered nor run.
    [[nodiscard]] std::int64_t waiting_rows() const {
        return lane != nullptr ? lane->waiting_rows() : turns->waiting_rows();
    }

    [[nodiscard]] std::int64_t waiting_requests() const {
        return lane != nullptr ? lane->waiting_requests() : turns->waiting_requests();
    }

    [[nodiscard]] bool reweighted() const { return !factors.empty(); }
};

/// Of a model over tensors: the place of the one FP32 output of [-1,K] (or [K], when it does not
/// batch), K = labels.size(), which gets the labels; nothing when there are no labels, or no such
/// output, or several.
std::optional<std::size_t> label_scores(
    Signature& signature, const std::vector<std::string>& labels
);

/// What a row of that output says: scores that are probabilities (each in [0,1], sum 1) as they
/// are; softmax of them when one is outside of [0,1] (logits); otherwise empty, for they are no
/// distribution over the classes. Empty also when one is not finite.
[[nodiscard]] std::vector<float> probabilities_of(std::span<const float> scores);

/// The factors of an enabled correction. Corrupt when its priors are not K positive numbers.
Result<std::vector<float>> correction_factors(const Correction& correction, std::size_t classes);

/// prior_k^-discount up to a constant: the decision rule while no class mix is measured
/// (stats::discounted_prior says the same as a mix). Empty for discount 0 or an unknown prior.
[[nodiscard]] std::vector<float> discount_factors(std::span<const double> prior, double discount);

/// scores[k] *= factors[k], then divided by their sum (Saerens, Latinne, Decaestecker 2002,
/// eq. 2.4: posteriors under another class mix). Unchanged when the sum is not a positive finite
/// number.
void apply_factors(std::span<float> scores, std::span<const float> factors);

/// argmax, the lowest index on ties.
[[nodiscard]] std::int32_t best_label(std::span<const float> scores);

}  // namespace flywheel::serving
