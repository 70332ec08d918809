// SPDX-License-Identifier: Apache-2.0
#include "ports/columns/parquet/column_batch.h"

#include <cstring>

#include "ports/columns/parquet/column_cells.h"
#include "ports/columns/parquet/third_columns.h"
#include "records/uncertainty.h"

namespace flywheel {

namespace {

using cells::BatchBuilder;

std::shared_ptr<arrow::DataType> utc_micros() {
    return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
}

/// Names of an enumeration as they come from a column.
template <class E>
Result<E> name_at(const arrow::StringArray& names, std::int64_t row) {
    auto value = parse_enum<E>(names.GetView(row));
    if (!value) {
        return corrupt(value.error().message);
    }
    return *value;
}

/// The columns of predictions, checked once per batch.
struct PredictionColumns {
    std::shared_ptr<arrow::FixedSizeBinaryArray> id, digest;
    std::shared_ptr<arrow::StringArray> request_id, version, route, payload, error;
    std::shared_ptr<arrow::TimestampArray> time;
    std::shared_ptr<arrow::Int64Array> label;
    cells::ListColumn<arrow::FloatArray> scores, base_scores;
    cells::ListColumn<arrow::HalfFloatArray> embedding;
    std::shared_ptr<arrow::Int32Array> us_infer, us_total, status;
    std::shared_ptr<arrow::DoubleArray> propensity;
    /// Of format 2; all or none of them are there.
    std::shared_ptr<arrow::FixedSizeBinaryArray> subject;
    std::shared_ptr<arrow::StringArray> row_id, params, policy, agreement;
    std::shared_ptr<arrow::FloatArray> confidence, margin, entropy;
    std::shared_ptr<arrow::Int32Array> us_queue, us_pre, us_post, batch_rows;
    std::shared_ptr<arrow::BooleanArray> cancelled, redacted, thin;
    cells::ThirdColumns third;

    static Result<PredictionColumns> of(const arrow::RecordBatch& batch) {
        PredictionColumns c;
        c.id = TRY(cells::fixed_column(batch, "id", 16));
        c.request_id = TRY(cells::column<arrow::StringArray>(batch, "request_id"));
        c.time = TRY(cells::column<arrow::TimestampArray>(batch, "time"));
        c.version = TRY(cells::column<arrow::StringArray>(batch, "version"));
        c.route = TRY(cells::column<arrow::StringArray>(batch, "route"));
        c.digest = TRY(cells::fixed_column(batch, "payload_digest", 32));
        c.payload = TRY(cells::column<arrow::StringArray>(batch, "payload"));
        c.label = TRY(cells::column<arrow::Int64Array>(batch, "label"));
        c.scores = TRY(cells::list_column<arrow::FloatArray>(batch, "scores"));
        c.base_scores = TRY(cells::list_column<arrow::FloatArray>(batch, "base_scores"));
        if (batch.GetColumnByName("embedding")) {
            c.embedding = TRY(cells::list_column<arrow::HalfFloatArray>(batch, "embedding"));
        }
        c.us_infer = TRY(cells::column<arrow::Int32Array>(batch, "us_infer"));
        c.us_total = TRY(cells::column<arrow::Int32Array>(batch, "us_total"));
        c.status = TRY(cells::column<arrow::Int32Array>(batch, "status"));
        c.error = TRY(cells::column<arrow::StringArray>(batch, "error"));
        c.propensity = TRY(cells::column<arrow::DoubleArray>(batch, "propensity"));
        if (batch.GetColumnByName("subject")) {
            TRY(c.find_second(batch));
        }
        TRY(c.third.find(batch));
        return c;
    }

    Result<void> find_second(const arrow::RecordBatch& batch) {
        subject = TRY(cells::fixed_column(batch, "subject", 32));
        row_id = TRY(cells::column<arrow::StringArray>(batch, "row_id"));
        params = TRY(cells::column<arrow::StringArray>(batch, "params"));
        policy = TRY(cells::column<arrow::StringArray>(batch, "policy"));
        agreement = TRY(cells::column<arrow::StringArray>(batch, "agreement"));
        confidence = TRY(cells::column<arrow::FloatArray>(batch, "confidence"));
        margin = TRY(cells::column<arrow::FloatArray>(batch, "margin"));
        entropy = TRY(cells::column<arrow::FloatArray>(batch, "entropy"));
        us_queue = TRY(cells::column<arrow::Int32Array>(batch, "us_queue"));
        us_pre = TRY(cells::column<arrow::Int32Array>(batch, "us_pre"));
        us_post = TRY(cells::column<arrow::Int32Array>(batch, "us_post"));
        batch_rows = TRY(cells::column<arrow::Int32Array>(batch, "batch_rows"));
        cancelled = TRY(cells::column<arrow::BooleanArray>(batch, "cancelled"));
        redacted = TRY(cells::column<arrow::BooleanArray>(batch, "redacted"));
        thin = TRY(cells::column<arrow::BooleanArray>(batch, "thin"));
        return {};
    }

    Result<void> copy(std::int64_t at, Prediction& row) const {
        cells::copy_fixed(*id, at, row.id.uuid.bytes);
        row.request_id.assign(request_id->GetView(at));
        row.time = cells::time_at(*time, at);
        row.version.assign(version->GetView(at));
        row.route = TRY(name_at<Route>(*route, at));
        cells::copy_fixed(*digest, at, row.payload_digest.bytes);
        row.payload.assign(payload->GetView(at));
        row.label = label->Value(at);
        scores.copy(at, row.scores);
        base_scores.copy(at, row.base_scores);
        if (embedding.lists) {
            embedding.copy(at, row.embedding);
        }
        row.us_infer = us_infer->Value(at);
        row.us_total = us_total->Value(at);
        row.status = status->Value(at);
        row.error.assign(error->GetView(at));
        row.propensity = propensity->Value(at);
        third.copy(at, row);
        if (subject) {
            return copy_second(at, row);
        }
        const Uncertainty sure = uncertainty_of(row.scores);
        row.confidence = sure.confidence;
        row.margin = sure.margin;
        row.entropy = sure.entropy;
        return {};
    }

    Result<void> copy_second(std::int64_t at, Prediction& row) const {
        cells::copy_fixed(*subject, at, row.subject.bytes);
        row.row_id.assign(row_id->GetView(at));
        row.params.assign(params->GetView(at));
        row.policy.assign(policy->GetView(at));
        row.agreement = TRY(name_at<Agreement>(*agreement, at));
        row.confidence = confidence->Value(at);
        row.margin = margin->Value(at);
        row.entropy = entropy->Value(at);
        row.us_queue = us_queue->Value(at);
        row.us_pre = us_pre->Value(at);
        row.us_post = us_post->Value(at);
        row.batch_rows = batch_rows->Value(at);
        row.cancelled = cancelled->Value(at);
        row.redacted = redacted->Value(at);
        row.thin = thin->Value(at);
        return {};
    }
};

struct FeedbackColumns {
    std::shared_ptr<arrow::FixedSizeBinaryArray> id;
    std::shared_ptr<arrow::StringArray> target, kind, label, source, by, comment;
    std::shared_ptr<arrow::Int64Array> row;
    std::shared_ptr<arrow::DoubleArray> value;
    std::shared_ptr<arrow::TimestampArray> at, arrived;

    static Result<FeedbackColumns> of(const arrow::RecordBatch& batch) {
        FeedbackColumns c;
        c.id = TRY(cells::fixed_column(batch, "id", 16));
        c.target = TRY(cells::column<arrow::StringArray>(batch, "target"));
        c.row = TRY(cells::column<arrow::Int64Array>(batch, "row"));
        c.kind = TRY(cells::column<arrow::StringArray>(batch, "kind"));
        c.label = TRY(cells::column<arrow::StringArray>(batch, "label"));
        c.value = TRY(cells::column<arrow::DoubleArray>(batch, "value"));
        c.source = TRY(cells::column<arrow::StringArray>(batch, "source"));
        c.at = TRY(cells::column<arrow::TimestampArray>(batch, "at"));
        c.arrived = TRY(cells::column<arrow::TimestampArray>(batch, "arrived"));
        c.by = TRY(cells::column<arrow::StringArray>(batch, "by"));
        c.comment = TRY(cells::column<arrow::StringArray>(batch, "comment"));
        return c;
    }

    Result<void> copy(std::int64_t from, Feedback& to) const {
        cells::copy_fixed(*id, from, to.id.uuid.bytes);
        to.target.assign(target->GetView(from));
        to.row = row->Value(from);
        to.kind = TRY(name_at<FeedbackKind>(*kind, from));
        to.label.assign(label->GetView(from));
        to.value = value->Value(from);
        to.source = TRY(name_at<FeedbackSource>(*source, from));
        to.at = cells::time_at(*at, from);
        to.arrived = cells::time_at(*arrived, from);
        to.by.assign(by->GetView(from));
        to.comment.assign(comment->GetView(from));
        return {};
    }
};

bool within(TimeRange range, Time time) {
    return range.begin <= time && time < range.end;
}

}  // namespace

std::shared_ptr<arrow::Schema> prediction_schema() {
    const auto field = [](const char* name, const std::shared_ptr<arrow::DataType>& type) {
        return arrow::field(name, type, false);
    };
    const auto list_of = [](const std::shared_ptr<arrow::DataType>& item) {
        return arrow::list(arrow::field("element", item, false));
    };
    return arrow::schema(
        {field("id", arrow::extension::uuid()),
         field("request_id", arrow::utf8()),
         field("time", utc_micros()),
         field("version", arrow::utf8()),
         field("route", arrow::utf8()),
         field("payload_digest", arrow::fixed_size_binary(32)),
         field("payload", arrow::utf8()),
         field("label", arrow::int64()),
         field("scores", list_of(arrow::float32())),
         field("base_scores", list_of(arrow::float32())),
         field("embedding", list_of(arrow::float16())),
         field("us_infer", arrow::int32()),
         field("us_total", arrow::int32()),
         field("status", arrow::int32()),
         field("error", arrow::utf8()),
         field("propensity", arrow::float64()),
         field("subject", arrow::fixed_size_binary(32)),
         field("row_id", arrow::utf8()),
         field("params", arrow::utf8()),
         field("policy", arrow::utf8()),
         field("agreement", arrow::utf8()),
         field("confidence", arrow::float32()),
         field("margin", arrow::float32()),
         field("entropy", arrow::float32()),
         field("us_queue", arrow::int32()),
         field("us_pre", arrow::int32()),
         field("us_post", arrow::int32()),
         field("batch_rows", arrow::int32()),
         field("cancelled", arrow::boolean()),
         field("redacted", arrow::boolean()),
         field("thin", arrow::boolean()),
         field("media_type", arrow::utf8()),
         field("payload_bytes", arrow::int64()),
         field("attempt", arrow::int32()),
         field("instance", arrow::fixed_size_binary(16)),
         field("rollout", arrow::fixed_size_binary(16)),
         field("key_name", arrow::utf8()),
         field("engine", arrow::utf8()),
         field("score_classes", list_of(arrow::int32())),
         field("outputs", arrow::binary())}
    );
}

std::shared_ptr<arrow::Schema> feedback_schema() {
    const auto field = [](const char* name, const std::shared_ptr<arrow::DataType>& type) {
        return arrow::field(name, type, false);
    };
    return arrow::schema(
        {field("id", arrow::extension::uuid()),
         field("target", arrow::utf8()),
         field("row", arrow::int64()),
         field("kind", arrow::utf8()),
         field("label", arrow::utf8()),
         field("value", arrow::float64()),
         field("source", arrow::utf8()),
         field("at", utc_micros()),
         field("arrived", utc_micros()),
         field("by", arrow::utf8()),
         field("comment", arrow::utf8())}
    );
}

/// The columns of format 2.
static Result<void> append_second(BatchBuilder<Prediction>& out) {
    TRY(out.fixed(32, [](const Prediction& r) { return cells::view(r.subject); }));
    TRY(out.texts([](const Prediction& r) -> const auto& { return r.row_id; }));
    TRY(out.texts([](const Prediction& r) -> const auto& { return r.params; }));
    TRY(out.texts([](const Prediction& r) -> const auto& { return r.policy; }));
    TRY(out.texts([](const Prediction& r) { return enum_name(r.agreement); }));
    TRY(out.numbers<arrow::FloatBuilder>([](const Prediction& r) { return r.confidence; }));
    TRY(out.numbers<arrow::FloatBuilder>([](const Prediction& r) { return r.margin; }));
    TRY(out.numbers<arrow::FloatBuilder>([](const Prediction& r) { return r.entropy; }));
    TRY(out.numbers<arrow::Int32Builder>([](const Prediction& r) { return r.us_queue; }));
    TRY(out.numbers<arrow::Int32Builder>([](const Prediction& r) { return r.us_pre; }));
    TRY(out.numbers<arrow::Int32Builder>([](const Prediction& r) { return r.us_post; }));
    TRY(out.numbers<arrow::Int32Builder>([](const Prediction& r) { return r.batch_rows; }));
    TRY(out.numbers<arrow::BooleanBuilder>([](const Prediction& r) { return r.cancelled; }));
    TRY(out.numbers<arrow::BooleanBuilder>([](const Prediction& r) { return r.redacted; }));
    return out.numbers<arrow::BooleanBuilder>([](const Prediction& r) { return r.thin; });
}

Result<std::shared_ptr<arrow::RecordBatch>> encode_predictions(
    std::span<const Prediction* const> rows
) {
    BatchBuilder<Prediction> out(rows, prediction_schema());
    TRY(out.fixed(16, [](const Prediction& r) { return cells::view(r.id.uuid); }));
    TRY(out.texts([](const Prediction& r) -> const auto& { return r.request_id; }));
    TRY(out.numbers<arrow::TimestampBuilder>([](const Prediction& r) { return micros(r.time); }));
    TRY(out.texts([](const Prediction& r) -> const auto& { return r.version; }));
    TRY(out.texts([](const Prediction& r) { return enum_name(r.route); }));
    TRY(out.fixed(32, [](const Prediction& r) { return cells::view(r.payload_digest); }));
    TRY(out.texts([](const Prediction& r) -> const auto& { return r.payload; }));
    TRY(out.numbers<arrow::Int64Builder>([](const Prediction& r) { return r.label; }));
    TRY(out.lists<arrow::FloatBuilder>([](const Prediction& r) -> const auto& { return r.scores; })
    );
    TRY(out.lists<arrow::FloatBuilder>([](const Prediction& r) -> const auto& {
        return r.base_scores;
    }));
    TRY(out.lists<arrow::HalfFloatBuilder>([](const Prediction& r) -> const auto& {
        return r.embedding;
    }));
    TRY(out.numbers<arrow::Int32Builder>([](const Prediction& r) { return r.us_infer; }));
    TRY(out.numbers<arrow::Int32Builder>([](const Prediction& r) { return r.us_total; }));
    TRY(out.numbers<arrow::Int32Builder>([](const Prediction& r) { return r.status; }));
    TRY(out.texts([](const Prediction& r) -> const auto& { return r.error; }));
    TRY(out.numbers<arrow::DoubleBuilder>([](const Prediction& r) { return r.propensity; }));
    TRY(append_second(out));
    TRY(cells::ThirdColumns::append(out));
    return out.batch();
}

Result<std::shared_ptr<arrow::RecordBatch>> encode_feedback(std::span<const Feedback* const> rows) {
    BatchBuilder<Feedback> out(rows, feedback_schema());
    TRY(out.fixed(16, [](const Feedback& r) { return cells::view(r.id.uuid); }));
    TRY(out.texts([](const Feedback& r) -> const auto& { return r.target; }));
    TRY(out.numbers<arrow::Int64Builder>([](const Feedback& r) { return r.row; }));
    TRY(out.texts([](const Feedback& r) { return enum_name(r.kind); }));
    TRY(out.texts([](const Feedback& r) -> const auto& { return r.label; }));
    TRY(out.numbers<arrow::DoubleBuilder>([](const Feedback& r) { return r.value; }));
    TRY(out.texts([](const Feedback& r) { return enum_name(r.source); }));
    TRY(out.numbers<arrow::TimestampBuilder>([](const Feedback& r) { return micros(r.at); }));
    TRY(out.numbers<arrow::TimestampBuilder>([](const Feedback& r) { return micros(r.arrived); }));
    TRY(out.texts([](const Feedback& r) -> const auto& { return r.by; }));
    TRY(out.texts([](const Feedback& r) -> const auto& { return r.comment; }));
    return out.batch();
}

Result<void> decode_predictions(
    const arrow::RecordBatch& batch,
    const BatchCut& cut,
    const std::function<Result<void>(const Prediction&)>& visit
) {
    const auto columns = TRY(PredictionColumns::of(batch));
    Prediction row;
    row.model = cut.model;
    for (std::int64_t at = 0; at < batch.num_rows(); ++at) {
        if (within(cut.range, cells::time_at(*columns.time, at))) {
            TRY(columns.copy(at, row));
            TRY(visit(row));
        }
    }
    return {};
}

Result<void> decode_feedback(
    const arrow::RecordBatch& batch,
    const BatchCut& cut,
    const std::function<Result<void>(const Feedback&)>& visit
) {
    const auto columns = TRY(FeedbackColumns::of(batch));
    Feedback row;
    row.model = cut.model;
    for (std::int64_t at = 0; at < batch.num_rows(); ++at) {
        if (within(cut.range, cells::time_at(*columns.arrived, at))) {
            TRY(columns.copy(at, row));
            TRY(visit(row));
        }
    }
    return {};
}

}  // namespace flywheel
