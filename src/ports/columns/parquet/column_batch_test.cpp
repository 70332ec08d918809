// SPDX-License-Identifier: Apache-2.0
#include "ports/columns/parquet/column_batch.h"

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include "ports/columns/sample_rows.h"

namespace flywheel {
namespace {

constexpr int kFirstColumns = 16;

/// The batch as format 1 wrote it: without the columns that came later.
std::shared_ptr<arrow::RecordBatch> of_first_format(std::shared_ptr<arrow::RecordBatch> batch) {
    while (batch->num_columns() > kFirstColumns) {
        batch = *batch->RemoveColumn(batch->num_columns() - 1);
    }
    return batch;
}

Result<Prediction> only_row(const arrow::RecordBatch& batch) {
    Prediction read;
    const std::string model = "news";
    TRY(decode_predictions(
        batch,
        {model, {Time::min(), Time::max()}},
        [&](const Prediction& row) -> Result<void> {
            read = row;
            return {};
        }
    ));
    return read;
}

TEST(ColumnBatch, ReadsFilesOfTheFirstFormat) {
    Rng rng(1);
    Prediction row = testing::sample_prediction(testing::sample_day(1), rng);
    const Prediction* rows[] = {&row};
    const auto batch = of_first_format(encode_predictions(rows).value());
    EXPECT_EQ(batch->schema()->field_names().back(), "propensity");
    const auto read = only_row(*batch);
    ASSERT_TRUE(read) << read.error().message;
    row.batch_rows = 0;
    row.policy.clear();
    row.media_type = {};
    row.attempt = 0;
    row.engine.clear();
    EXPECT_TRUE(testing::same(*read, row)) << "what was not stored follows from the scores";
}

TEST(ColumnBatch, RefusesAFileThatLacksSomeOfTheSecondFormat) {
    Rng rng(1);
    const Prediction row = testing::sample_prediction(testing::sample_day(1), rng);
    const Prediction* rows[] = {&row};
    const auto batch = encode_predictions(rows).value();
    for (int column = kFirstColumns + 1; column < batch->num_columns(); ++column) {
        const auto read = only_row(**batch->RemoveColumn(column));
        ASSERT_FALSE(read);
        EXPECT_EQ(read.error().code, Code::Corrupt);
    }
}

}  // namespace
}  // namespace flywheel
