// SPDX-License-Identifier: Apache-2.0
// The feedback half of column_batch.h.
#include "ports/columns/parquet/column_batch.h"
#include "ports/columns/parquet/column_cells.h"
#include "ports/columns/parquet/column_views.h"

namespace flywheel {

namespace {

using cells::BatchBuilder;

struct FeedbackColumns {
    std::shared_ptr<arrow::FixedSizeBinaryArray> id;
    std::shared_ptr<arrow::StringArray> target, kind, label, source, by, comment;
    std::shared_ptr<arrow::StringArray> row_id;  ///< Absent in format 1 and 2 of the files.
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
        if (batch.GetColumnByName("row_id")) {
            c.row_id = TRY(cells::column<arrow::StringArray>(batch, "row_id"));
        }
        return c;
    }

    Result<void> copy(std::int64_t from, Feedback& to) const {
        cells::copy_fixed(*id, from, to.id.uuid.bytes);
        to.target.assign(target->GetView(from));
        to.row = row->Value(from);
        to.kind = TRY(cells::name_at<FeedbackKind>(*kind, from));
        to.label.assign(label->GetView(from));
        to.value = value->Value(from);
        to.source = TRY(cells::name_at<FeedbackSource>(*source, from));
        to.at = cells::time_at(*at, from);
        to.arrived = cells::time_at(*arrived, from);
        to.by.assign(by->GetView(from));
        to.comment.assign(comment->GetView(from));
        if (row_id) {
            to.row_id.assign(row_id->GetView(from));
        }
        return {};
    }
};

}  // namespace

std::shared_ptr<arrow::Schema> feedback_schema() {
    const auto field = [](const char* name, const std::shared_ptr<arrow::DataType>& type) {
        return arrow::field(name, type, false);
    };
    return arrow::schema(
        {field("id", arrow::fixed_size_binary(16)),
         field("target", arrow::utf8()),
         field("row", arrow::int64()),
         field("kind", arrow::utf8()),
         field("label", arrow::utf8()),
         field("value", arrow::float64()),
         field("source", arrow::utf8()),
         field("at", cells::utc_micros()),
         field("arrived", cells::utc_micros()),
         field("by", arrow::utf8()),
         field("comment", arrow::utf8()),
         field("row_id", arrow::utf8())}
    );
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
    TRY(out.texts([](const Feedback& r) -> const auto& { return r.row_id; }));
    return out.batch();
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
        if (cells::within(cut.range, cells::time_at(*columns.arrived, at))) {
            TRY(columns.copy(at, row));
            TRY(visit(row));
        }
    }
    return {};
}

}  // namespace flywheel
