// SPDX-License-Identifier: Apache-2.0
#include "rooms/serving/served_rows.h"

#include <algorithm>
#include <span>

#include "base/hash.h"
#include "records/uncertainty.h"
#include "vectors/half.h"

namespace flywheel::serving {

namespace {

constexpr std::size_t kMaxErrorBytes = 200;
/// A refused request is recorded row by row up to here; it may claim any number of rows.
constexpr std::size_t kMaxRefusedRows = 16;

std::int32_t whole_micros(std::chrono::nanoseconds time) {
    const auto micros = std::chrono::round<std::chrono::microseconds>(time).count();
    return static_cast<std::int32_t>(std::clamp<std::int64_t>(micros, 0, INT32_MAX));
}

}  // namespace

ServedRows::ServedRows(const InferRequest& request, InferAnswer& answer, Time arrived)
    : request_(&request), answer_(&answer), arrived_(arrived) {}

void ServedRows::predict() {
    const ServedVersion& served = *answer_->served;
    const std::size_t n = request_->texts.size();
    const std::size_t classes = served.classes();
    const std::size_t size = served.embedding_size();
    answer_->labels.resize(n);
    answer_->scores.resize(n * classes);
    answer_->embeddings.resize(n * size);
    us_infer_.resize(n);
    std::int64_t nanos = 0;
    for (std::size_t row = 0; row < n; ++row) {
        const auto started = monotonic_now();
        const std::span<float> scores(answer_->scores.data() + row * classes, classes);
        const std::span<float> embedding(answer_->embeddings.data() + row * size, size);
        served.weights->predict(request_->texts[row], scores, embedding);
        if (served.reweighted()) {
            base_scores_.insert(base_scores_.end(), scores.begin(), scores.end());
            apply_factors(scores, served.factors);
        }
        answer_->labels[row] = best_label(scores);
        const auto took = monotonic_now() - started;
        nanos += took.count();
        us_infer_[row] = whole_micros(took);
    }
    ServedCounts& counts = *served.counts;
    counts.rows[static_cast<std::size_t>(answer_->route)].fetch_add(
        static_cast<std::int64_t>(n), std::memory_order_relaxed
    );
    counts.infer_nanos.fetch_add(nanos, std::memory_order_relaxed);
}

Prediction ServedRows::blank(std::size_t row) const {
    Prediction prediction;
    prediction.id.uuid = answer_->base_id.with_row(static_cast<std::uint16_t>(row));
    prediction.request_id = answer_->request_id;
    prediction.time = arrived_;
    prediction.model = answer_->served->model;
    prediction.version = answer_->served->number_text;
    prediction.route = answer_->route;
    prediction.payload_digest = sha256(request_->texts[row]);
    return prediction;
}

void ServedRows::record(Recorder& recorder, std::chrono::nanoseconds total) {
    const std::size_t classes = answer_->served->classes();
    const std::size_t size = answer_->served->embedding_size();
    for (std::size_t row = 0; row < request_->texts.size(); ++row) {
        Prediction prediction = blank(row);
        if (request_->keep_payload) {
            prediction.payload = request_->texts[row];
        }
        prediction.label = answer_->labels[row];
        const float* scores = answer_->scores.data() + row * classes;
        prediction.scores.assign(scores, scores + classes);
        const Uncertainty sure = uncertainty_of(prediction.scores);
        prediction.confidence = sure.confidence;
        prediction.margin = sure.margin;
        prediction.entropy = sure.entropy;
        prediction.batch_rows = 1;
        if (!base_scores_.empty()) {
            const float* base = base_scores_.data() + row * classes;
            prediction.base_scores.assign(base, base + classes);
        }
        prediction.embedding.resize(size);
        const std::span<const float> embedding(answer_->embeddings.data() + row * size, size);
        vectors::to_half(embedding, prediction.embedding);
        prediction.us_infer = us_infer_[row];
        prediction.us_total = whole_micros(total);
        recorder.record(std::move(prediction));
    }
}

void ServedRows::refuse(Recorder& recorder, const Error& error) const {
    const std::size_t rows = std::min(request_->texts.size(), kMaxRefusedRows);
    answer_->served->counts->refused_rows += static_cast<std::int64_t>(request_->texts.size());
    for (std::size_t row = 0; row < rows; ++row) {
        Prediction prediction = blank(row);
        prediction.status = http_status(error.code);
        prediction.error = error.message.substr(0, kMaxErrorBytes);
        recorder.record(std::move(prediction));
    }
}

}  // namespace flywheel::serving
