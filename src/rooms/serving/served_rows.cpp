// SPDX-License-Identifier: Apache-2.0
#include "rooms/serving/served_rows.h"

#include <algorithm>
#include <span>

#include "base/hash.h"
#include "records/uncertainty.h"
#include "rooms/serving/batching/tensor_rows.h"
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

void set_times(Prediction& prediction, const InferTimes& times) {
    prediction.us_queue = whole_micros(times.queue);
    prediction.us_pre = whole_micros(times.input);
    prediction.us_infer = whole_micros(times.infer);
    prediction.us_post = whole_micros(times.output);
    prediction.us_total = whole_micros(times.total);
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
    answer_->infer_time = std::chrono::nanoseconds(nanos);
}

Result<void> ServedRows::run() {
    const ServedVersion& served = *answer_->served;
    const auto started = monotonic_now();
    answer_->tensors = TRY(served.tensors()->run(request_->inputs, request_->wanted));
    answer_->infer_time = monotonic_now() - started;
    answer_->batch_rows = request_->rows;
    return check_outputs(served.signature, request_->wanted, request_->rows, answer_->tensors);
}

std::size_t ServedRows::row_count() const {
    return answer_->served->tensors() != nullptr ? static_cast<std::size_t>(request_->rows)
                                                 : request_->texts.size();
}

/// Of a text, or of the row's slice of each input, one after the other.
Digest ServedRows::digest_of(std::size_t row) const {
    if (answer_->served->tensors() == nullptr) {
        return sha256(request_->texts[row]);
    }
    std::string slices;
    const auto rows = static_cast<std::size_t>(std::max<std::int64_t>(request_->rows, 1));
    for (const TensorView& input : request_->inputs) {
        const std::size_t bytes = input.bytes.size() / rows;
        slices.append(reinterpret_cast<const char*>(input.bytes.data()) + row * bytes, bytes);
        const std::size_t count = input.strings.size() / rows;
        for (const std::string_view text : input.strings.subspan(row * count, count)) {
            slices += std::to_string(text.size()) + ':';
            slices += text;
        }
    }
    return sha256(slices);
}

Prediction ServedRows::blank(std::size_t row) const {
    Prediction prediction;
    prediction.id.uuid = answer_->base_id.with_row(static_cast<std::uint16_t>(row));
    prediction.request_id = answer_->request_id;
    prediction.time = arrived_;
    prediction.model = answer_->served->model;
    prediction.version = answer_->served->number_text;
    prediction.route = answer_->route;
    if (row < row_count()) {
        prediction.payload_digest = digest_of(row);
    }
    const auto& subjects = request_->subjects;
    prediction.raw_subject =
        subjects.empty() ? request_->subject : subjects[subjects.size() == 1 ? 0 : row];
    if (row < request_->row_ids.size()) {
        prediction.row_id = request_->row_ids[row];
    }
    prediction.params = request_->parameters;
    return prediction;
}

void ServedRows::tell_scores(std::size_t row, Prediction& prediction) const {
    const ServedVersion& served = *answer_->served;
    const auto& wanted = request_->wanted;
    const auto found =
        served.scores ? std::find(wanted.begin(), wanted.end(), *served.scores) : wanted.end();
    if (found == wanted.end()) {
        return;
    }
    const Tensor& tensor = answer_->tensors[static_cast<std::size_t>(found - wanted.begin())];
    const std::size_t classes = served.classes();
    const auto* const scores = reinterpret_cast<const float*>(tensor.bytes.bytes().data());
    const std::span<const float> its(scores + row * classes, classes);
    prediction.label = best_label(its);
    prediction.scores = probabilities_of(its);
    if (!prediction.scores.empty()) {
        const Uncertainty sure = uncertainty_of(prediction.scores);
        prediction.confidence = sure.confidence;
        prediction.margin = sure.margin;
        prediction.entropy = sure.entropy;
    }
}

void ServedRows::record(Recorder& recorder, const InferTimes& times) const {
    if (answer_->served->tensors() != nullptr) {
        for (std::size_t row = 0; row < row_count(); ++row) {
            Prediction prediction = blank(row);
            tell_scores(row, prediction);
            set_times(prediction, times);
            prediction.batch_rows = static_cast<std::int32_t>(answer_->batch_rows);
            recorder.record(std::move(prediction));
        }
        return;
    }
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
        set_times(prediction, times);
        prediction.us_infer = us_infer_[row];
        recorder.record(std::move(prediction));
    }
}

void ServedRows::refuse(Recorder& recorder, const Refused& refused) const {
    const std::size_t rows = std::clamp<std::size_t>(row_count(), 1, kMaxRefusedRows);
    for (std::size_t row = 0; row < rows; ++row) {
        Prediction prediction = blank(row);
        set_times(prediction, refused.times);
        prediction.status = refused.status;
        prediction.cancelled = refused.status == http_status(Code::Cancelled);
        prediction.error = refused.message.substr(0, kMaxErrorBytes);
        recorder.record(std::move(prediction));
    }
}

}  // namespace flywheel::serving
