// SPDX-License-Identifier: Apache-2.0
// What makes the columns forget, and keeps their files few: expire, strip, remove, merge.
#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <tuple>
#include <type_traits>
#include <utility>

#include "ports/columns/parquet/column_views.h"
#include "ports/columns/parquet/parquet_columns.h"
#include "ports/columns/parquet/row_copier.h"

namespace flywheel {

namespace {

namespace fs = std::filesystem;

/// Smaller files are worth a merge.
constexpr std::uint64_t kSmallBytes = 8U << 20U;
/// What a merge makes is no larger, if it can help it.
constexpr std::uint64_t kMergedBytes = 128U << 20U;

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
    typename RowCopier<Table>::Edit edit;
    if constexpr (std::is_same_v<Table, PayloadTable>) {
        edit = [known = std::set<Digest>()](StoredPayload& stored) mutable {
            return known.insert(stored.payload.digest).second;  // one copy is enough
        };
    }
    for (const auto& file : files) {
        TRY(copier.copy(folder, file, edit));
    }
    return writer.finish();
}

/// Gives a file an index of its ids. One that is damaged stays without: whoever reads it says so.
template <class Table>
Result<bool> index_rows(const fs::path& folder, PartitionFile& file) {
    std::vector<IdEntry> ids;
    const auto read = each_row_of<Table>(
        folder,
        file,
        RowParts::Keys,
        [&](const typename Table::Row& row) -> Result<void> {
            add_ids(row, ids);
            return {};
        }
    );
    if (!read) {
        return read.error().code == Code::Corrupt ? Result<bool>(false) : read.error();
    }
    file.ids = TRY(write_id_index(folder, file.path, std::move(ids)));
    return true;
}

/// A large payload: a merge leaves it where it is.
bool stands_alone(const PartitionFile& file) {
    return file.table == kPayloadFile;
}

/// The count that a file's rows belong to; null for files that hold none.
std::uint64_t* count_of(const PartitionFile& file, ColumnUpkeep& done) {
    if (file.table == PredictionTable::kName) {
        return &done.predictions_removed;
    }
    if (file.table == FeedbackTable::kName) {
        return &done.feedback_removed;
    }
    return file.table == PayloadTable::kName ? &done.payloads_removed : nullptr;
}

/// Takes all rows of a file; it goes with the next version of its list.
void empty_file(PartitionFile& file, ColumnUpkeep& done) {
    const auto rows = static_cast<std::uint64_t>(std::exchange(file.rows, 0));
    if (std::uint64_t* count = count_of(file, done)) {
        *count += rows;
    }
    ++done.files_removed;
}

bool holds_payloads(const PartitionFile& file) {
    return file.table == PayloadTable::kName || stands_alone(file);
}

/// Does any row of a file of predictions have its payload with it, as those before format 3 do?
Result<bool> any_payload(const fs::path& folder, const PartitionFile& file) {
    bool any = false;
    const ParquetCut cut{"time", kAllTimes, [](std::string_view name) {
                             return name == "payload";
                         }};
    TRY(read_parquet(folder / file.path, cut, [&](const arrow::RecordBatch& batch) -> Result<void> {
        const auto payloads = TRY(cells::column<arrow::StringArray>(batch, "payload"));
        any = any || payloads->total_values_length() > 0;
        return {};
    }));
    return any;
}

/// Takes a large payload that stands in a file of its own; true when it went.
Result<bool> remove_large(PartitionFile& file, const std::function<bool(const Payload&)>& gone) {
    if (!gone) {
        return false;
    }
    Payload payload;
    payload.digest = TRY(digest_in_path(file.path));
    payload.model = file.model;
    payload.first_seen = file.begin;
    if (!gone(payload)) {
        return false;
    }
    file.rows = 0;
    return true;
}

/// Files of which a merge makes one, by table, model and day.
std::map<std::tuple<std::string, std::string, Time>, std::vector<PartitionFile>> parts_of(
    const std::vector<ColumnUnit>& run
) {
    std::map<std::tuple<std::string, std::string, Time>, std::vector<PartitionFile>> parts;
    for (const ColumnUnit& unit : run) {
        for (const auto& file : unit.files) {
            if (!stands_alone(file)) {
                parts[{file.table, file.model, end_of_day(file.end)}].push_back(file);
            }
        }
    }
    return parts;
}

/// Units of the same last day in runs that a merge makes one of, each of two at least.
std::vector<std::vector<ColumnUnit>> runs_to_merge(std::vector<ColumnUnit> units, Time before) {
    std::map<Time, std::vector<std::vector<ColumnUnit>>> by_day;
    std::map<Time, std::uint64_t> bytes_of_last;
    for (ColumnUnit& unit : units) {
        Time day = Time::min();
        std::uint64_t bytes = 0;
        std::uint64_t tables = 0;
        for (const auto& file : unit.files) {
            day = std::max(day, end_of_day(file.end));
            if (!stands_alone(file)) {
                bytes += file.bytes;
                ++tables;
            }
        }
        if (tables == 0 || day > before || bytes >= kSmallBytes * tables) {
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

/// Takes rows out of a file of any table; true when there were such.
Result<bool> remove_from(
    const fs::path& folder, PartitionFile& file, const RowsToRemove& gone, ColumnUpkeep& done
) {
    if (file.table == PredictionTable::kName) {
        return remove_rows<PredictionTable>(
            folder, file, gone.prediction, done.predictions_removed
        );
    }
    if (file.table == FeedbackTable::kName) {
        return remove_rows<FeedbackTable>(folder, file, gone.feedback, done.feedback_removed);
    }
    if (file.table == kPayloadFile) {
        return remove_large(file, gone.payload);
    }
    std::function<bool(const StoredPayload&)> stored_gone;
    if (gone.payload) {
        stored_gone = [&](const StoredPayload& stored) { return gone.payload(stored.payload); };
    }
    return remove_rows<PayloadTable>(folder, file, stored_gone, done.payloads_removed);
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
        empty_file(file, done);
        return true;
    }));
    return done;
}

Result<ColumnUpkeep> ParquetColumns::strip(ShortLived field, Time before) {
    ColumnUpkeep done;
    TRY(change_files([&](PartitionFile& file) -> Result<bool> {
        const bool stripped = std::ranges::find(file.stripped, field) != file.stripped.end();
        if (stripped || end_of_day(file.end) > before) {
            return false;
        }
        if (field == ShortLived::Payload && holds_payloads(file)) {
            empty_file(file, done);
            return true;
        }
        if (file.table != PredictionTable::kName) {
            return false;
        }
        file.stripped.push_back(field);
        if (field == ShortLived::Payload && !TRY(any_payload(folder_, file))) {
            return true;
        }
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
        const bool changed = TRY(remove_from(folder_, file, gone, done));
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
        for (const ColumnUnit& unit : run) {
            std::ranges::copy(unit.segments, std::back_inserter(merged.segments));
            std::ranges::copy_if(unit.files, std::back_inserter(merged.files), stands_alone);
        }
        std::ranges::sort(merged.segments);
        const std::string name = unit_name(merged.segments);
        for (const auto& [key, files] : parts_of(run)) {
            const PartitionFile& first = files.front();
            const auto path = partition_path(first.table, first.model, first.end, name);
            merged.files.push_back(TRY(merge_files(files, path)));
            done.files_removed += files.size();
            ++done.files_rewritten;
        }
        TRY(publish(std::move(merged)));
    }
    TRY(mend_indexes());
    return done;
}

Result<void> ParquetColumns::mend_indexes() {
    std::set<std::string> damaged;
    {
        const std::lock_guard lock(mutex_);
        damaged = damaged_;
    }
    return change_files([&](PartitionFile& file) -> Result<bool> {
        if (file.ids && !damaged.contains(file.ids->path)) {
            return false;
        }
        if (file.table == PredictionTable::kName) {
            return index_rows<PredictionTable>(folder_, file);
        }
        return file.table == FeedbackTable::kName && TRY(index_rows<FeedbackTable>(folder_, file));
    });
}

Result<PartitionFile> ParquetColumns::merge_files(
    const std::vector<PartitionFile>& files, const std::string& path
) const {
    const std::string& table = files.front().table;
    if (table == PredictionTable::kName) {
        return merge_rows<PredictionTable>(folder_, files, path);
    }
    return table == FeedbackTable::kName ? merge_rows<FeedbackTable>(folder_, files, path)
                                         : merge_rows<PayloadTable>(folder_, files, path);
}

}  // namespace flywheel
