#pragma once
// SPDX-License-Identifier: Apache-2.0
// How one table of the columns differs from the others, and how its rows become a file. Used within
// this adapter.

#include <algorithm>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "ports/columns/parquet/column_batch.h"
#include "ports/columns/parquet/id_index.h"
#include "ports/columns/parquet/parquet_file.h"
#include "ports/columns/parquet/partition.h"
#include "ports/columns/parquet/payload_batch.h"
#include "ports/columns/row_keys.h"

namespace flywheel {

struct PredictionTable {
    using Row = Prediction;
    static constexpr std::string_view kName = "predictions";
    static constexpr std::string_view kTime = "time";
    static constexpr bool kHasIds = true;

    static Time time(const Prediction& row) { return row.time; }

    static const std::string& model(const Prediction& row) { return row.model; }

    static auto schema() { return prediction_schema(); }

    static auto columns(RowParts parts) { return columns_of(parts); }

    static auto encode(std::span<const Prediction* const> rows) { return encode_predictions(rows); }

    static Result<void> decode(
        const arrow::RecordBatch& batch,
        const BatchCut& cut,
        const std::function<Result<void>(const Prediction&)>& visit
    ) {
        return decode_predictions(batch, cut, visit);
    }
};

struct FeedbackTable {
    using Row = Feedback;
    static constexpr std::string_view kName = "feedback";
    static constexpr std::string_view kTime = "arrived";
    static constexpr bool kHasIds = true;

    static Time time(const Feedback& row) { return row.arrived; }

    static const std::string& model(const Feedback& row) { return row.model; }

    static auto schema() { return feedback_schema(); }

    /// They are few; all are read.
    static std::function<bool(std::string_view)> columns(RowParts /*parts*/) { return {}; }

    static auto encode(std::span<const Feedback* const> rows) { return encode_feedback(rows); }

    static Result<void> decode(
        const arrow::RecordBatch& batch,
        const BatchCut& cut,
        const std::function<Result<void>(const Feedback&)>& visit
    ) {
        return decode_feedback(batch, cut, visit);
    }
};

/// Large payloads are rows here as well; their bytes stand beside it.
struct PayloadTable {
    using Row = StoredPayload;
    static constexpr std::string_view kName = kPayloadTable;
    static constexpr std::string_view kTime = "first_seen";
    static constexpr bool kHasIds = false;

    static Time time(const StoredPayload& row) { return row.payload.first_seen; }

    static const std::string& model(const StoredPayload& row) { return row.payload.model; }

    static auto schema() { return payload_schema(); }

    /// All: the bytes are checked against their size.
    static std::function<bool(std::string_view)> columns(RowParts /*parts*/) { return {}; }

    static auto encode(std::span<const StoredPayload* const> rows) { return encode_payloads(rows); }

    static Result<void> decode(
        const arrow::RecordBatch& batch,
        const BatchCut& cut,
        const std::function<Result<void>(const StoredPayload&)>& visit
    ) {
        const auto all = [](const Digest&) { return true; };
        return decode_payloads(batch, all, [&](StoredPayload&& stored) {
            stored.payload.model = cut.model;
            return visit(stored);
        });
    }
};

template <class Row>
using TableOf = std::conditional_t<
    std::is_same_v<Row, Prediction>,
    PredictionTable,
    std::conditional_t<std::is_same_v<Row, Feedback>, FeedbackTable, PayloadTable>>;

/// Adds the keys of a row.
template <class Row>
void add_ids(const Row& row, std::vector<IdEntry>& ids) {
    each_key(row, [&](std::uint64_t key) { ids.push_back({key, micros(stands_at(row))}); });
}

/// One partition file being written, its index of ids beside it; says at the end what stands in it.
template <class Table>
class PartitionWriter {
  public:
    using Row = typename Table::Row;

    /// `file` has path, table and model. Makes the folders.
    static Result<PartitionWriter> open(const std::filesystem::path& folder, PartitionFile file) {
        const std::filesystem::path path = folder / file.path;
        std::error_code failed;
        std::filesystem::create_directories(path.parent_path(), failed);
        if (failed) {
            return make_error(
                Code::Unavailable,
                "Cannot make a folder for captured rows: " + path.string() + ": " + failed.message()
            );
        }
        return PartitionWriter(
            folder, TRY(ParquetWriter::open(path, Table::schema())), std::move(file)
        );
    }

    /// Rows that stay where they are until the next flush() or finish().
    Result<void> add(const Row& row) {
        rows_.push_back(&row);
        return rows_.size() < kBatchRows ? Result<void>() : flush();
    }

    Result<void> flush() {
        if (rows_.empty()) {
            return {};
        }
        for (const Row* row : rows_) {
            file_.begin =
                file_.rows == 0 ? Table::time(*row) : std::min(file_.begin, Table::time(*row));
            file_.end =
                file_.rows == 0 ? Table::time(*row) : std::max(file_.end, Table::time(*row));
            ++file_.rows;
            if constexpr (Table::kHasIds) {
                add_ids(*row, ids_);
            }
        }
        TRY(writer_.write(*TRY(Table::encode(rows_))));
        rows_.clear();
        return {};
    }

    Result<PartitionFile> finish() {
        TRY(flush());
        file_.bytes = TRY(writer_.finish());
        if constexpr (Table::kHasIds) {
            file_.ids = TRY(write_id_index(folder_, file_.path, std::move(ids_)));
        }
        return std::move(file_);
    }

    [[nodiscard]] std::int64_t rows() const {
        return file_.rows + static_cast<std::int64_t>(rows_.size());
    }

  private:
    PartitionWriter(std::filesystem::path folder, ParquetWriter writer, PartitionFile file)
        : folder_(std::move(folder)), writer_(std::move(writer)), file_(std::move(file)) {
        rows_.reserve(kBatchRows);
    }

    std::filesystem::path folder_;
    ParquetWriter writer_;
    PartitionFile file_;
    std::vector<const Row*> rows_;
    std::vector<IdEntry> ids_;
};

}  // namespace flywheel
