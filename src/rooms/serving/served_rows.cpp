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
    answer_->infer_time = std::chrono::nanoseconds(nanos);
    served.counts->rows[static_cast<std::size_t>(answer_->route)].fetch_add(
        static_cast<std::int64_t>(n), std::memory_order_relaxed
    );
}

Result<void> ServedRows::run() {
    const ServedVersion& served = *answer_->served;
    const auto started = monotonic_now();
    answer_->tensors = TRY(served.tensors()->run(request_->inputs, request_->wanted));
    answer_->infer_time = monotonic_now() - started;
    TRY(check_outputs());
    us_infer_.assign(row_count(), whole_micros(answer_->infer_time));
    served.counts->rows[static_cast<std::size_t>(answer_->route)].fetch_add(
        request_->rows, std::memory_order_relaxed
    );
    return {};
}

/// What a model gives is checked like what a caller sends: the writer of answers trusts it.
Result<void> ServedRows::check_outputs() const {
    const Signature& signature = answer_->served->signature;
    bool right = answer_->tensors.size() == request_->wanted.size();
    for (std::size_t i = 0; right && i < answer_->tensors.size(); ++i) {
        const Tensor& tensor = answer_->tensors[i];
        const TensorSpec& spec = signature.outputs[request_->wanted[i]];
        const auto count = element_count(tensor.shape);
        const bool text = tensor.type == DataType::Bytes;
        const std::size_t size =
            text ? tensor.strings.size() : tensor.bytes.bytes().size() / item_size(tensor.type);
        right = tensor.type == spec.type && fits(tensor.shape, spec.shape) && count &&
                *count == size && (!signature.batches || tensor.shape[0] == request_->rows);
    }
    return right ? Result<void>()
                 : Result<void>(internal_error(
                       "Model gave other outputs than its signature says: " + answer_->served->model
                   ));
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
    prediction.payload_digest = digest_of(row);
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

void ServedRows::record(Recorder& recorder, std::chrono::nanoseconds total) {
    if (answer_->served->tensors() != nullptr) {
        for (std::size_t row = 0; row < row_count(); ++row) {
            Prediction prediction = blank(row);
            tell_scores(row, prediction);
            prediction.us_infer = us_infer_[row];
            prediction.us_total = whole_micros(total);
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
        prediction.us_infer = us_infer_[row];
        prediction.us_total = whole_micros(total);
        recorder.record(std::move(prediction));
    }
}

void ServedRows::refuse(Recorder& recorder, const Error& error) const {
    const std::size_t rows = std::min(row_count(), kMaxRefusedRows);
    answer_->served->counts->refused_rows += static_cast<std::int64_t>(row_count());
    for (std::size_t row = 0; row < rows; ++row) {
        Prediction prediction = blank(row);
        prediction.status = http_status(error.code);
        prediction.error = error.message.substr(0, kMaxErrorBytes);
        recorder.record(std::move(prediction));
    }
}

}  // namespace flywheel::serving
