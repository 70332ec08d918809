// SPDX-License-Identifier: Apache-2.0
// What makes the columns forget, and keeps their files few: expire, strip, remove, merge.
#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "ports/columns/parquet/column_tables.h"
#include "ports/columns/parquet/parquet_columns.h"

namespace flywheel {

namespace {

namespace fs = std::filesystem;

/// Smaller files are worth a merge.
constexpr std::uint64_t kSmallBytes = 8U << 20U;
/// What a merge makes is no larger, if it can help it.
constexpr std::uint64_t kMergedBytes = 128U << 20U;

/// Calls `visit` with all rows of a file.
template <class Table>
Result<void> each_row_of(
    const fs::path& folder,
    const PartitionFile& file,
    RowParts parts,
    const std::function<Result<void>(const typename Table::Row&)>& visit
) {
    const ParquetCut cut{std::string(Table::kTime), kAlways, Table::columns(parts)};
    return read_parquet(folder / file.path, cut, [&](const arrow::RecordBatch& batch) {
        return Table::decode(batch, {file.model, kAlways, parts}, visit);
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

    Result<void> copy(const fs::path& folder, const PartitionFile& file, const Edit& edit) {
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

/// Writes a file anew in its place. Says how many rows were left out.
template <class Table>
Result<std::uint64_t> rewrite(
    const fs::path& folder, PartitionFile& file, const typename RowCopier<Table>::Edit& edit
) {
    auto writer = TRY(PartitionWriter<Table>::open(
        folder,
        {.path = file.path, .table = file.table, .model = file.model, .stripped = file.stripped}
    ));
    RowCopier<Table> copier(writer);
    TRY(copier.copy(folder, file, edit));
    if (writer.rows() == 0) {
        file.rows = 0;  // the file goes, with its list's next version
    } else {
        file = TRY(writer.finish());
    }
    return copier.left_out();
}

/// Takes rows out of a file when there are any to take; true when there were.
template <class Table>
Result<bool> remove_rows(
    const fs::path& folder,
    PartitionFile& file,
    const std::function<bool(const typename Table::Row&)>& gone,
    std::uint64_t& removed
) {
    if (!gone) {
        return false;
    }
    bool any = false;
    TRY(each_row_of<Table>(
        folder,
        file,
        RowParts::Keys,
        [&](const typename Table::Row& row) -> Result<void> {
            any = any || gone(row);
            return {};
        }
    ));
    if (any) {
        removed +=
            TRY(rewrite<Table>(folder, file, [&](typename Table::Row& row) { return !gone(row); }));
    }
    return any;
}

template <class Table>
Result<PartitionFile> merge_rows(
    const fs::path& folder, const std::vector<PartitionFile>& files, const std::string& path
) {
    std::vector<ShortLived> stripped = files.front().stripped;
    for (const auto& file : files) {
        std::erase_if(stripped, [&](ShortLived field) {
            return std::ranges::find(file.stripped, field) == file.stripped.end();
        });
    }
    const PartitionFile& first = files.front();
    auto writer = TRY(PartitionWriter<Table>::open(
        folder, {.path = path, .table = first.table, .model = first.model, .stripped = stripped}
    ));
    RowCopier<Table> copier(writer);
    for (const auto& file : files) {
        TRY(copier.copy(folder, file, {}));
    }
    return writer.finish();
}

/// Units of the same last day in runs that a merge makes one of, each of two at least.
std::vector<std::vector<ColumnUnit>> runs_to_merge(std::vector<ColumnUnit> units, Time before) {
    std::map<Time, std::vector<std::vector<ColumnUnit>>> by_day;
    std::map<Time, std::uint64_t> bytes_of_last;
    for (ColumnUnit& unit : units) {
        Time day = Time::min();
        std::uint64_t bytes = 0;
        for (const auto& file : unit.files) {
            day = std::max(day, end_of_day(file.end));
            bytes += file.bytes;
        }
        if (unit.files.empty() || day > before || bytes >= kSmallBytes * unit.files.size()) {
            continue;
        }
        auto& runs = by_day[day];
        if (runs.empty() || bytes_of_last[day] + bytes > kMergedBytes) {
            runs.emplace_back();
            bytes_of_last[day] = 0;
        }
        bytes_of_last[day] += bytes;
        runs.back().push_back(std::move(unit));
    }
    std::vector<std::vector<ColumnUnit>> found;
    for (auto& [day, runs] : by_day) {
        for (auto& run : runs) {
            if (run.size() > 1) {
                found.push_back(std::move(run));
            }
        }
    }
    return found;
}

}  // namespace

std::vector<ColumnUnit> ParquetColumns::units() const {
    const std::lock_guard lock(mutex_);
    std::vector<ColumnUnit> all;
    for (const auto& [first, unit] : catalog_) {
        all.push_back(unit);
    }
    return all;
}

Result<void> ParquetColumns::change_files(const std::function<Result<bool>(PartitionFile&)>& change
) {
    for (ColumnUnit& unit : units()) {
        bool changed = false;
        for (PartitionFile& file : unit.files) {
            changed = TRY(change(file)) || changed;
        }
        if (changed) {
            std::erase_if(unit.files, [](const PartitionFile& file) { return file.rows == 0; });
            TRY(publish(std::move(unit)));
        }
    }
    return {};
}

Result<ColumnUpkeep> ParquetColumns::expire(Time before) {
    ColumnUpkeep done;
    TRY(change_files([&](PartitionFile& file) -> Result<bool> {
        if (end_of_day(file.end) > before) {
            return false;
        }
        const auto rows = static_cast<std::uint64_t>(std::exchange(file.rows, 0));
        (file.table == PredictionTable::kName ? done.predictions_removed : done.feedback_removed) +=
            rows;
        ++done.files_removed;
        return true;
    }));
    return done;
}

Result<ColumnUpkeep> ParquetColumns::strip(ShortLived field, Time before) {
    ColumnUpkeep done;
    TRY(change_files([&](PartitionFile& file) -> Result<bool> {
        const bool stripped = std::ranges::find(file.stripped, field) != file.stripped.end();
        if (file.table != PredictionTable::kName || stripped || end_of_day(file.end) > before) {
            return false;
        }
        file.stripped.push_back(field);
        TRY(rewrite<PredictionTable>(folder_, file, [&](Prediction& row) {
            if (field == ShortLived::Payload) {
                row.payload.clear();
            } else {
                row.embedding.clear();
            }
            return true;
        }));
        ++done.files_rewritten;
        return true;
    }));
    return done;
}

Result<ColumnUpkeep> ParquetColumns::remove(const RowsToRemove& gone) {
    ColumnUpkeep done;
    TRY(change_files([&](PartitionFile& file) -> Result<bool> {
        const bool predictions = file.table == PredictionTable::kName;
        const bool changed = predictions
                                 ? TRY(remove_rows<PredictionTable>(
                                       folder_, file, gone.prediction, done.predictions_removed
                                   ))
                                 : TRY(remove_rows<FeedbackTable>(
                                       folder_, file, gone.feedback, done.feedback_removed
                                   ));
        if (changed) {
            ++(file.rows == 0 ? done.files_removed : done.files_rewritten);
        }
        return changed;
    }));
    return done;
}

Result<ColumnUpkeep> ParquetColumns::merge(Time before) {
    ColumnUpkeep done;
    for (const auto& run : runs_to_merge(units(), before)) {
        ColumnUnit merged;
        std::map<std::tuple<std::string, std::string, Time>, std::vector<PartitionFile>> parts;
        for (const ColumnUnit& unit : run) {
            merged.segments.insert(
                merged.segments.end(), unit.segments.begin(), unit.segments.end()
            );
            for (const auto& file : unit.files) {
                parts[{file.table, file.model, end_of_day(file.end)}].push_back(file);
            }
        }
        std::ranges::sort(merged.segments);
        for (const auto& [key, files] : parts) {
            const std::string path = partition_path(
                files.front().table,
                files.front().model,
                files.front().end,
                unit_name(merged.segments)
            );
            merged.files.push_back(TRY(merge_files(files, path)));
            done.files_removed += files.size();
            ++done.files_rewritten;
        }
        TRY(publish(std::move(merged)));
    }
    return done;
}

Result<PartitionFile> ParquetColumns::merge_files(
    const std::vector<PartitionFile>& files, const std::string& path
) const {
    return files.front().table == PredictionTable::kName
               ? merge_rows<PredictionTable>(folder_, files, path)
               : merge_rows<FeedbackTable>(folder_, files, path);
}

}  // namespace flywheel
