#pragma once
// SPDX-License-Identifier: Apache-2.0
// Captured rows as Arrow columns and back (docs/internals/formats.md, 4). Used within this adapter.
// Pure functions, any thread.

#include <functional>
#include <memory>
#include <span>
#include <string>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "ports/columns/columns.h"

namespace flywheel {

[[nodiscard]] std::shared_ptr<arrow::Schema> prediction_schema();
[[nodiscard]] std::shared_ptr<arrow::Schema> feedback_schema();

/// Some thousand rows; their model is not among the columns.
Result<std::shared_ptr<arrow::RecordBatch>> encode_predictions(
    std::span<const Prediction* const> rows
);
Result<std::shared_ptr<arrow::RecordBatch>> encode_feedback(std::span<const Feedback* const> rows);

/// What to take out of a batch.
struct BatchCut {
    const std::string& model;  ///< Set on each row.
    TimeRange range;
    RowParts parts = RowParts::Whole;
};

/// The columns that a scan for these parts reads; empty = all.
[[nodiscard]] std::function<bool(std::string_view)> columns_of(RowParts parts);

/// Calls `visit` with the rows whose time is in the range. Corrupt when a column of the parts is
/// absent or of another type; only `embedding` may be absent.
Result<void> decode_predictions(
    const arrow::RecordBatch& batch,
    const BatchCut& cut,
    const std::function<Result<void>(const Prediction&)>& visit
);
/// The range is about `arrived`.
Result<void> decode_feedback(
    const arrow::RecordBatch& batch,
    const BatchCut& cut,
    const std::function<Result<void>(const Feedback&)>& visit
);

}  // namespace flywheel
