// SPDX-License-Identifier: Apache-2.0
#include "ports/columns/parquet/column_batch.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "ports/columns/parquet/column_cells.h"
#include "ports/columns/parquet/column_views.h"
#include "ports/columns/parquet/third_columns.h"
#include "records/uncertainty.h"

namespace flywheel {

namespace {

using cells::BatchBuilder;

constexpr std::array<std::string_view, 12> kKeyColumns = {
    "id",
    "request_id",
    "row_id",
    "time",
    "version",
    "route",
    "label",
    "status",
    "confidence",
    "propensity",
    "payload_digest",
    "subject"
};

/// The columns of predictions, checked once per batch.
struct PredictionColumns {
    std::shared_ptr<arrow::FixedSizeBinaryArray> id, digest;
    std::shared_ptr<arrow::StringArray> request_id, version, route, payload, error;
    std::shared_ptr<arrow::TimestampArray> time;
    std::shared_ptr<arrow::Int64Array> label;
    cells::ListColumn<arrow::FloatArray> scores, base_scores;
    std::shared_ptr<arrow::BinaryArray> embedding;
    cells::ListColumn<arrow::HalfFloatArray> embedding_list;  ///< As older files have it.
    std::shared_ptr<arrow::Int32Array> us_infer, us_total, status;
    std::shared_ptr<arrow::DoubleArray> propensity;
    /// Of format 2; all or none of them are there.
    std::shared_ptr<arrow::FixedSizeBinaryArray> subject;
    std::shared_ptr<arrow::StringArray> row_id, params, policy, agreement;
    std::shared_ptr<arrow::FloatArray> confidence, margin, entropy;
    std::shared_ptr<arrow::Int32Array> us_queue, us_pre, us_post, batch_rows;
    std::shared_ptr<arrow::BooleanArray> cancelled, redacted, thin;
    cells::ThirdColumns third;

    static Result<PredictionColumns> of(const arrow::RecordBatch& batch, RowParts parts) {
        PredictionColumns c;
        TRY(c.find_keys(batch));
        if (parts != RowParts::Keys) {
            TRY(c.find_rest(batch));
        }
        return c;
    }

    Result<void> find_keys(const arrow::RecordBatch& batch) {
        id = TRY(cells::fixed_column(batch, "id", 16));
        request_id = TRY(cells::column<arrow::StringArray>(batch, "request_id"));
        time = TRY(cells::column<arrow::TimestampArray>(batch, "time"));
        version = TRY(cells::column<arrow::StringArray>(batch, "version"));
        route = TRY(cells::column<arrow::StringArray>(batch, "route"));
        digest = TRY(cells::fixed_column(batch, "payload_digest", 32));
        label = TRY(cells::column<arrow::Int64Array>(batch, "label"));
        status = TRY(cells::column<arrow::Int32Array>(batch, "status"));
        propensity = TRY(cells::column<arrow::DoubleArray>(batch, "propensity"));
        if (batch.GetColumnByName("subject")) {
            subject = TRY(cells::fixed_column(batch, "subject", 32));
            row_id = TRY(cells::column<arrow::StringArray>(batch, "row_id"));
            confidence = TRY(cells::column<arrow::FloatArray>(batch, "confidence"));
        }
        return {};
    }

    Result<void> find_rest(const arrow::RecordBatch& batch) {
        payload = TRY(cells::column<arrow::StringArray>(batch, "payload"));
        scores = TRY(cells::list_column<arrow::FloatArray>(batch, "scores"));
        base_scores = TRY(cells::list_column<arrow::FloatArray>(batch, "base_scores"));
        const auto halves = batch.GetColumnByName("embedding");
        if (halves && halves->type_id() == arrow::Type::LIST) {
            embedding_list = TRY(cells::list_column<arrow::HalfFloatArray>(batch, "embedding"));
        } else if (halves) {
            embedding = TRY(cells::column<arrow::BinaryArray>(batch, "embedding"));
        }
        us_infer = TRY(cells::column<arrow::Int32Array>(batch, "us_infer"));
        us_total = TRY(cells::column<arrow::Int32Array>(batch, "us_total"));
        error = TRY(cells::column<arrow::StringArray>(batch, "error"));
        TRY(third.find(batch));
        return subject ? find_second(batch) : Result<void>();
    }

    Result<void> find_second(const arrow::RecordBatch& batch) {
        params = TRY(cells::column<arrow::StringArray>(batch, "params"));
        policy = TRY(cells::column<arrow::StringArray>(batch, "policy"));
        agreement = TRY(cells::column<arrow::StringArray>(batch, "agreement"));
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
        TRY(copy_keys(at, row));
        return payload ? copy_rest(at, row) : Result<void>();
    }

    Result<void> copy_keys(std::int64_t at, Prediction& row) const {
        cells::copy_fixed(*id, at, row.id.uuid.bytes);
        row.request_id.assign(request_id->GetView(at));
        row.time = cells::time_at(*time, at);
        row.version.assign(version->GetView(at));
        row.route = TRY(cells::name_at<Route>(*route, at));
        cells::copy_fixed(*digest, at, row.payload_digest.bytes);
        row.label = label->Value(at);
        row.status = status->Value(at);
        row.propensity = propensity->Value(at);
        if (subject) {
            cells::copy_fixed(*subject, at, row.subject.bytes);
            row.row_id.assign(row_id->GetView(at));
            row.confidence = confidence->Value(at);
        }
        return {};
    }

    static Result<void> copy_halves(std::string_view bytes, std::vector<std::uint16_t>& out) {
        out.resize(bytes.size() / sizeof(std::uint16_t));
        if (out.size() * sizeof(std::uint16_t) != bytes.size()) {
            return corrupt("Column holds half a number: 'embedding'");
        }
        if (!out.empty()) {
            std::memcpy(out.data(), bytes.data(), bytes.size());
        }
        return {};
    }

    Result<void> copy_rest(std::int64_t at, Prediction& row) const {
        row.payload.assign(payload->GetView(at));
        scores.copy(at, row.scores);
        base_scores.copy(at, row.base_scores);
        if (embedding_list.lists) {
            embedding_list.copy(at, row.embedding);
        } else if (embedding) {
            TRY(copy_halves(embedding->GetView(at), row.embedding));
        }
        row.us_infer = us_infer->Value(at);
        row.us_total = us_total->Value(at);
        row.error.assign(error->GetView(at));
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
        row.params.assign(params->GetView(at));
        row.policy.assign(policy->GetView(at));
        row.agreement = TRY(cells::name_at<Agreement>(*agreement, at));
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

}  // namespace

std::function<bool(std::string_view)> columns_of(RowParts parts) {
    switch (parts) {
        case RowParts::Keys:
            return [](std::string_view name) {
                return std::ranges::find(kKeyColumns, name) != kKeyColumns.end();
            };
        case RowParts::Light:
            return [](std::string_view name) { return name != "embedding"; };
        case RowParts::Whole:
            break;
    }
    return {};
}

std::shared_ptr<arrow::Schema> prediction_schema() {
    const auto field = [](const char* name, const std::shared_ptr<arrow::DataType>& type) {
        return arrow::field(name, type, false);
    };
    const auto list_of = [](const std::shared_ptr<arrow::DataType>& item) {
        return arrow::list(arrow::field("element", item, false));
    };
    return arrow::schema(
        {field("id", arrow::fixed_size_binary(16)),
         field("request_id", arrow::utf8()),
         field("time", cells::utc_micros()),
         field("version", arrow::utf8()),
         field("route", arrow::utf8()),
         field("payload_digest", arrow::fixed_size_binary(32)),
         field("payload", arrow::utf8()),
         field("label", arrow::int64()),
         field("scores", list_of(arrow::float32())),
         field("base_scores", list_of(arrow::float32())),
         field("embedding", arrow::binary()),
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
    TRY(out.bytes([](const Prediction& r) { return cells::view(r.embedding); }));
    TRY(out.numbers<arrow::Int32Builder>([](const Prediction& r) { return r.us_infer; }));
    TRY(out.numbers<arrow::Int32Builder>([](const Prediction& r) { return r.us_total; }));
    TRY(out.numbers<arrow::Int32Builder>([](const Prediction& r) { return r.status; }));
    TRY(out.texts([](const Prediction& r) -> const auto& { return r.error; }));
    TRY(out.numbers<arrow::DoubleBuilder>([](const Prediction& r) { return r.propensity; }));
    TRY(append_second(out));
    TRY(cells::ThirdColumns::append(out));
    return out.batch();
}

Result<void> decode_predictions(
    const arrow::RecordBatch& batch,
    const BatchCut& cut,
    const std::function<Result<void>(const Prediction&)>& visit
) {
    const auto columns = TRY(PredictionColumns::of(batch, cut.parts));
    Prediction row;
    row.model = cut.model;
    for (std::int64_t at = 0; at < batch.num_rows(); ++at) {
        if (cells::within(cut.range, cells::time_at(*columns.time, at))) {
            TRY(columns.copy(at, row));
            TRY(visit(row));
        }
    }
    return {};
}

}  // namespace flywheel
