#pragma once
// SPDX-License-Identifier: Apache-2.0
// Reads all rows of a partition file, and copies them into one that is being written. Used within
// this adapter.

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "ports/columns/parquet/column_tables.h"

namespace flywheel {

/// Calls `visit` with all rows of a file.
template <class Table>
Result<void> each_row_of(
    const std::filesystem::path& folder,
    const PartitionFile& file,
    RowParts parts,
    const std::function<Result<void>(const typename Table::Row&)>& visit
) {
    const ParquetCut cut{std::string(Table::kTime), kAllTimes, Table::columns(parts)};
    return read_parquet(folder / file.path, cut, [&](const arrow::RecordBatch& batch) {
        return Table::decode(batch, {file.model, kAllTimes, parts}, visit);
    });
}

/// Copies rows into a file that is being written, some thousand at a time. `edit` says whether a
/// row stays, and may change it.
template <class Table>
class RowCopier {
  public:
    using Row = typename Table::Row;
    using Edit = std::function<bool(Row&)>;

    explicit RowCopier(PartitionWriter<Table>& writer) : writer_(writer) {
        rows_.reserve(kBatchRows);
    }

    Result<void> copy(
        const std::filesystem::path& folder, const PartitionFile& file, const Edit& edit
    ) {
        TRY(each_row_of<Table>(folder, file, RowParts::Whole, [&](const Row& row) -> Result<void> {
            rows_.push_back(row);
            if (edit && !edit(rows_.back())) {
                rows_.pop_back();
                ++left_out_;
            }
            return rows_.size() < kBatchRows ? Result<void>() : write();
        }));
        return write();
    }

    [[nodiscard]] std::uint64_t left_out() const { return left_out_; }

  private:
    Result<void> write() {
        for (const Row& row : rows_) {
            TRY(writer_.add(row));
        }
        TRY(writer_.flush());
        rows_.clear();
        return {};
    }

    PartitionWriter<Table>& writer_;
    std::vector<Row> rows_;
    std::uint64_t left_out_ = 0;
};

}  // namespace flywheel
