// SPDX-License-Identifier: Apache-2.0
#include "ports/columns/parquet/joined_parquet.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>

#include "ports/columns/parquet/column_cells.h"
#include "ports/columns/parquet/parquet_file.h"

namespace flywheel {

namespace {

using cells::checked;

std::shared_ptr<arrow::Schema> joined_schema() {
    const auto utc = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
    const auto field = [](const char* name, const std::shared_ptr<arrow::DataType>& type) {
        return arrow::field(name, type, false);
    };
    return arrow::schema(
        {field("id", arrow::fixed_size_binary(16)),
         field("request_id", arrow::utf8()),
         field("row", arrow::int32()),
         field("row_id", arrow::utf8()),
         field("time", utc),
         field("version", arrow::utf8()),
         field("route", arrow::utf8()),
         field("label", arrow::int64()),
         field("served_label", arrow::utf8()),
         field("confidence", arrow::float32()),
         field("propensity", arrow::float64()),
         arrow::field("truth", arrow::utf8()),
         arrow::field("truth_source", arrow::utf8()),
         arrow::field("truth_arrived", utc),
         field("agreeing", arrow::int32()),
         field("conflicting", arrow::int32())}
    );
}

class JoinedParquet final : public JoinedFile {
  public:
    explicit JoinedParquet(ParquetWriter writer) : writer_(std::move(writer)) {}

    Result<void> write(const JoinedRow& row) override {
        TRY(checked(id_.Append(cells::view(row.id.uuid))));
        TRY(checked(request_id_.Append(row.request_id)));
        TRY(checked(row_.Append(row.id.uuid.row())));
        TRY(checked(row_id_.Append(row.row_id)));
        TRY(checked(time_.Append(micros(row.time))));
        TRY(checked(version_.Append(row.version)));
        TRY(checked(route_.Append(enum_name(row.route))));
        TRY(checked(label_.Append(row.label)));
        TRY(checked(served_label_.Append(row.served_label)));
        TRY(checked(confidence_.Append(row.confidence)));
        TRY(checked(propensity_.Append(row.propensity)));
        TRY(append_truth(row));
        return ++waiting_ < kBatchRows ? Result<void>() : flush();
    }

    Result<std::uint64_t> finish() override {
        if (waiting_ > 0) {
            TRY(flush());
        }
        return writer_.finish();
    }

  private:
    Result<void> append_truth(const JoinedRow& row) {
        if (row.truth_source.empty()) {
            TRY(checked(truth_.AppendNull()));
            TRY(checked(truth_source_.AppendNull()));
            TRY(checked(truth_arrived_.AppendNull()));
        } else {
            TRY(checked(truth_.Append(row.truth)));
            TRY(checked(truth_source_.Append(row.truth_source)));
            TRY(checked(truth_arrived_.Append(micros(row.truth_arrived))));
        }
        TRY(checked(agreeing_.Append(row.agreeing)));
        return checked(conflicting_.Append(row.conflicting));
    }

    Result<void> flush() {
        std::vector<std::shared_ptr<arrow::Array>> columns;
        for (arrow::ArrayBuilder* builder : std::initializer_list<arrow::ArrayBuilder*>{
                 &id_,
                 &request_id_,
                 &row_,
                 &row_id_,
                 &time_,
                 &version_,
                 &route_,
                 &label_,
                 &served_label_,
                 &confidence_,
                 &propensity_,
                 &truth_,
                 &truth_source_,
                 &truth_arrived_,
                 &agreeing_,
                 &conflicting_
             }) {
            TRY(checked(builder->Finish(&columns.emplace_back())));
        }
        const auto rows = static_cast<std::int64_t>(waiting_);
        waiting_ = 0;
        return writer_.write(*arrow::RecordBatch::Make(schema_, rows, std::move(columns)));
    }

    ParquetWriter writer_;
    std::shared_ptr<arrow::Schema> schema_ = joined_schema();
    std::size_t waiting_ = 0;
    arrow::FixedSizeBinaryBuilder id_{arrow::fixed_size_binary(16)};
    arrow::StringBuilder request_id_, row_id_, version_, route_, served_label_, truth_,
        truth_source_;
    arrow::Int32Builder row_, agreeing_, conflicting_;
    arrow::Int64Builder label_;
    arrow::TimestampBuilder time_{schema_->field(4)->type(), arrow::default_memory_pool()};
    arrow::TimestampBuilder truth_arrived_{schema_->field(4)->type(), arrow::default_memory_pool()};
    arrow::FloatBuilder confidence_;
    arrow::DoubleBuilder propensity_;
};

}  // namespace

Result<std::unique_ptr<JoinedFile>> open_joined_parquet(const std::filesystem::path& file) {
    auto writer = TRY(ParquetWriter::open(file, joined_schema()));
    return std::unique_ptr<JoinedFile>(std::make_unique<JoinedParquet>(std::move(writer)));
}

}  // namespace flywheel
