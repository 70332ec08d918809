// SPDX-License-Identifier: Apache-2.0
#include "rooms/serving/served_rows.h"

#include <algorithm>
#include <span>

#include "base/hash.h"
#include "records/payload.h"
#include "records/uncertainty.h"
#include "rooms/serving/batching/tensor_rows.h"
#include "rooms/serving/recorded_tensors.h"
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

Result<bool> ServedRows::run(std::chrono::nanoseconds budget) {
    if (answer_->served->tensors() == nullptr) {
        return predict(budget);
    }
    TRY(run_tensors());
    return true;
}

bool ServedRows::predict(std::chrono::nanoseconds budget) {
    const ServedVersion& served = *answer_->served;
    const std::size_t n = request_->texts.size();
    const std::size_t classes = served.classes();
    const std::size_t size = served.embedding_size();
    answer_->labels.resize(n);
    answer_->scores.resize(n * classes);
    answer_->embeddings.resize(n * size);
    us_infer_.resize(n);
    std::chrono::nanoseconds spent{};
    while (predicted_ < n && spent < budget) {
        const std::size_t row = predicted_++;
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
        spent += took;
        us_infer_[row] = whole_micros(took);
    }
    answer_->infer_time += spent;
    return predicted_ == n;
}

Result<void> ServedRows::run_tensors() {
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

Prediction& ServedRows::blank(std::size_t row) const {
    thread_local Prediction prediction;
    prediction.clear();
    prediction.id.uuid = answer_->base_id.with_row(static_cast<std::uint16_t>(row));
    prediction.request_id = answer_->request_id;
    prediction.time = arrived_;
    prediction.model = answer_->served->model;
    prediction.version = answer_->served->number_text;
    prediction.route = answer_->route;
    prediction.rollout = answer_->rollout;
    prediction.engine = answer_->served->engine;
    prediction.key_name = request_->key_name;
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

/// The payload, or only its digest when the caller does not want it kept.
void ServedRows::put_text(std::size_t row, Prediction& out) const {
    const std::string_view text = request_->texts[row];
    if (request_->keep_payload) {
        out.payload = text;
        out.media_type = kTextPayload;
    } else {
        out.payload_digest = sha256(text);
    }
}

void ServedRows::record(Recorder& recorder, const InferTimes& times) const {
    if (!recorder.takes_rows()) {
        return;
    }
    if (answer_->served->tensors() != nullptr) {
        record_tensors(recorder, times);
    } else {
        record_texts(recorder, times);
    }
}

void ServedRows::record_tensors(Recorder& recorder, const InferTimes& times) const {
    RecordedTensors tensors(answer_->served->signature, request_->inputs, row_count());
    tensors.look_at(request_->wanted, answer_->tensors, request_->keep_outputs);
    for (std::size_t row = 0; row < row_count(); ++row) {
        Prediction& prediction = blank(row);
        tensors.put_payload(row, prediction);
        if (!request_->keep_payload) {
            prediction.payload_digest = sha256(prediction.payload);
            prediction.payload.clear();
        }
        tell_scores(row, prediction);
        tensors.put_answer(row, prediction);
        set_times(prediction, times);
        prediction.batch_rows = static_cast<std::int32_t>(answer_->batch_rows);
        recorder.record(std::move(prediction));
    }
}

void ServedRows::record_texts(Recorder& recorder, const InferTimes& times) const {
    const std::size_t classes = answer_->served->classes();
    const std::size_t size = answer_->served->embedding_size();
    for (std::size_t row = 0; row < request_->texts.size(); ++row) {
        Prediction& prediction = blank(row);
        put_text(row, prediction);
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
        Prediction& prediction = blank(row);
        if (row < request_->texts.size()) {
            prediction.payload_digest = sha256(request_->texts[row]);
        }
        set_times(prediction, refused.times);
        prediction.status = refused.status;
        prediction.cancelled = refused.status == http_status(Code::Cancelled);
        prediction.error = refused.message.substr(0, kMaxErrorBytes);
        recorder.record(std::move(prediction));
    }
}

}  // namespace flywheel::serving
