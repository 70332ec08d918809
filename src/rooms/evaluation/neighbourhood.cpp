// SPDX-License-Identifier: Apache-2.0
#include "rooms/evaluation/neighbourhood.h"

#include <algorithm>
#include <queue>
#include <tuple>

#include <fmt/format.h>

#include "vectors/dot.h"
#include "vectors/half.h"

namespace flywheel::evaluation {

namespace {

/// Nearer first; of equal ones the earlier row.
struct Nearer {
    bool operator()(const NearRow& a, const NearRow& b) const {
        return std::tuple(a.cosine, b.row) > std::tuple(b.cosine, a.row);
    }
};

}  // namespace

Result<std::vector<NearRow>> Neighbourhood::nearest(
    const ModelVersion& version,
    const Digest& dataset,
    const std::vector<std::string_view>& texts,
    std::string_view text,
    std::size_t count
) {
    const std::lock_guard lock(mutex_);
    if (artefact_ != version.artefact || model_ == nullptr) {
        model_ = TRY(engine_.load(TRY(vault_.get(version.artefact))));
        places_ = static_cast<std::size_t>(model_->embedding_size());
        artefact_ = version.artefact;
        halves_.clear();
    }
    if (places_ == 0) {
        return make_error(
            Code::Unsupported,
            fmt::format("This version has no embedding: version {}", version.number)
        );
    }
    std::vector<float> scores(static_cast<std::size_t>(model_->classes()));
    std::vector<float> embedding(places_);
    if (dataset_ != dataset || halves_.size() != texts.size() * places_) {
        halves_.resize(texts.size() * places_);
        for (std::size_t i = 0; i < texts.size(); ++i) {
            model_->predict(texts[i], scores, embedding);
            vectors::to_half(embedding, std::span(halves_).subspan(i * places_, places_));
        }
        dataset_ = dataset;
    }
    std::vector<float> query(places_);
    model_->predict(text, scores, query);
    std::priority_queue<NearRow, std::vector<NearRow>, Nearer> best;  // the farthest on top
    for (std::size_t i = 0; i < texts.size(); ++i) {
        vectors::from_half(std::span(halves_).subspan(i * places_, places_), embedding);
        best.push({i, vectors::dot(embedding, query)});
        if (best.size() > count) {
            best.pop();
        }
    }
    std::vector<NearRow> near;
    for (; !best.empty(); best.pop()) {
        near.push_back(best.top());
    }
    std::ranges::reverse(near);
    return near;
}

}  // namespace flywheel::evaluation
