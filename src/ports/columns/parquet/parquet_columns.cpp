// SPDX-License-Identifier: Apache-2.0
#include "ports/columns/parquet/parquet_columns.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <span>
#include <system_error>
#include <tuple>

#include <arrow/record_batch.h>
#include <fmt/format.h>

#include "base/log.h"
#include "ports/columns/parquet/column_tables.h"
#include "ports/columns/parquet/payload_files.h"

namespace flywheel {

namespace {

namespace fs = std::filesystem;

constexpr std::array kFolders = {"predictions", "feedback", "payloads", "segments"};

Error folder_error(const fs::path& path, const std::error_code& why) {
    return make_error(
        Code::Unavailable,
        fmt::format("Cannot use the columns folder: {}: {}", path.string(), why.message())
    );
}

Result<void> make_folders(const fs::path& path) {
    std::error_code failed;
    fs::create_directories(path, failed);
    if (failed) {
        return folder_error(path, failed);
    }
    return {};
}

/// All regular files below a folder.
Result<std::vector<fs::path>> files_below(const fs::path& folder) {
    std::vector<fs::path> files;
    std::error_code failed;
    auto entry = fs::recursive_directory_iterator(folder, failed);
    for (; !failed && entry != fs::recursive_directory_iterator(); entry.increment(failed)) {
        if (entry->is_regular_file(failed)) {
            files.push_back(entry->path());
        }
    }
    if (failed) {
        return folder_error(folder, failed);
    }
    return files;
}

Result<ColumnUnit> read_list(const fs::path& path) {
    auto unit = decode_list(TRY(read_whole_file(path)));
    if (!unit) {
        return corrupt(fmt::format(
            "List of captured Parquet files is damaged: {}: {}", path.string(), unit.error().message
        ));
    }
    return unit;
}

/// All files that a unit consists of.
std::set<std::string> paths_of(const ColumnUnit& unit) {
    std::set<std::string> paths;
    for (const auto& file : unit.files) {
        paths.insert(file.path);
        if (file.ids && !file.ids->path.empty()) {
            paths.insert(file.ids->path);
        }
    }
    return paths;
}

/// What a crash left: files without a list, temporary files.
Result<void> delete_strays(const fs::path& folder, const std::set<std::string>& listed) {
    for (const char* part : kFolders) {
        const auto files = TRY(files_below(folder / part));
        for (const fs::path& file : files) {
            const bool listable = file.extension() == ".parquet" ||
                                  file.extension() == ".payload" || file.extension() == ".ids";
            const bool stray = file.extension() == ".tmp" ||
                               (listable && !listed.contains(fs::relative(file, folder).string()));
            std::error_code failed;
            if (stray && !fs::remove(file, failed) && failed) {
                return folder_error(file, failed);
            }
        }
    }
    return {};
}

}  // namespace

Result<std::unique_ptr<Columns>> ParquetColumns::open(const fs::path& folder) {
    for (const char* part : kFolders) {
        TRY(make_folders(folder / part));
    }
    Catalog catalog;
    const auto lists = TRY(files_below(folder / "segments"));
    for (const fs::path& list : lists) {
        if (list.extension() == ".json") {
            auto unit = TRY(read_list(list));
            const std::uint64_t first = unit.segments.front();
            catalog[first] = std::move(unit);
        }
    }
    TRY(drop_merged(folder, catalog));
    std::set<std::string> listed;
    for (const auto& [first, unit] : catalog) {
        listed.merge(paths_of(unit));
    }
    TRY(delete_strays(folder, listed));
    // The constructor is private, so make_unique cannot reach it.
    return std::unique_ptr<Columns>(new ParquetColumns(folder, std::move(catalog)));  // NOLINT
}

/// Lists of segments that a merge took over, and a crash left.
Result<void> ParquetColumns::drop_merged(const fs::path& folder, Catalog& catalog) {
    std::set<std::uint64_t> merged;
    for (const auto& [first, unit] : catalog) {
        merged.insert(unit.segments.begin() + 1, unit.segments.end());
    }
    for (const std::uint64_t segment : merged) {
        std::error_code failed;
        if (catalog.erase(segment) > 0 &&
            !fs::remove(folder / "segments" / list_name(segment), failed)) {
            return folder_error(folder / "segments" / list_name(segment), failed);
        }
    }
    return {};
}

ParquetColumns::ParquetColumns(fs::path folder, Catalog catalog)
    : folder_(std::move(folder)), catalog_(std::move(catalog)) {
    for (const auto& [first, unit] : catalog_) {
        segments_.insert(unit.segments.begin(), unit.segments.end());
    }
}

Result<void> ParquetColumns::publish(ColumnUnit unit) {
    std::set<fs::path> folders;
    const std::set<std::string> now = paths_of(unit);
    for (const auto& path : now) {
        for (fs::path parent = fs::path(folder_ / path).parent_path(); parent != folder_;
             parent = parent.parent_path()) {
            folders.insert(parent);
        }
    }
    for (const auto& changed : folders) {
        TRY(sync_columns_folder(changed));
    }
    const std::uint64_t first = unit.segments.front();
    TRY(write_small_file(folder_ / "segments" / list_name(first), encode_list(unit)));
    std::vector<fs::path> gone;
    {
        const std::lock_guard lock(mutex_);
        segments_.insert(unit.segments.begin(), unit.segments.end());
        for (const std::uint64_t segment : unit.segments) {
            const auto before = catalog_.find(segment);
            if (before == catalog_.end()) {
                continue;
            }
            for (const auto& path : paths_of(before->second)) {
                damaged_.erase(path);
                if (!now.contains(path)) {
                    gone.push_back(folder_ / path);
                }
            }
            if (segment != first) {
                gone.push_back(folder_ / "segments" / list_name(segment));
                catalog_.erase(before);
            }
        }
        catalog_[first] = std::move(unit);
    }
    for (const auto& file : gone) {
        std::error_code ignored;  // what no list names goes at the next start
        fs::remove(file, ignored);
    }
    return {};
}

Result<bool> ParquetColumns::has_segment(std::uint64_t segment) const {
    const std::lock_guard lock(mutex_);
    return segments_.contains(segment);
}

Result<std::vector<std::uint64_t>> ParquetColumns::segments() const {
    const std::lock_guard lock(mutex_);
    return std::vector<std::uint64_t>(segments_.begin(), segments_.end());
}

Result<std::vector<std::string>> ParquetColumns::models() const {
    const std::lock_guard lock(mutex_);
    std::set<std::string> names;
    for (const auto& [first, unit] : catalog_) {
        for (const auto& file : unit.files) {
            names.insert(file.model);
        }
    }
    return std::vector<std::string>(names.begin(), names.end());
}

Result<ColumnSegment> ParquetColumns::read_segment(std::uint64_t segment) const {
    std::vector<PartitionFile> files;
    {
        const std::lock_guard lock(mutex_);
        const auto found = catalog_.find(segment);
        if (found == catalog_.end()) {
            return not_found(fmt::format("No such segment in the columns: {}", segment));
        }
        files = found->second.files;
    }
    const auto large = TRY(large_payloads_in(files));
    ColumnSegment rows;
    for (const auto& file : files) {
        if (file.table == kPayloadFile) {
            continue;  // comes with its table
        }
        if (file.table == PayloadTable::kName) {
            const auto all = [](const Digest&) { return true; };
            TRY(read_payload_table(folder_, file, large, all, [&](Payload&& payload) {
                rows.payloads.push_back(std::move(payload));
                return Result<void>();
            }));
            continue;
        }
        const bool predictions = file.table == PredictionTable::kName;
        const ParquetCut cut{predictions ? "time" : "arrived", kAllTimes, {}};
        TRY(read_parquet(folder_ / file.path, cut, [&](const arrow::RecordBatch& batch) {
            if (predictions) {
                return decode_predictions(
                    batch,
                    {file.model, kAllTimes},
                    [&](const Prediction& row) {
                        rows.predictions.push_back(row);
                        return Result<void>();
                    }
                );
            }
            return decode_feedback(batch, {file.model, kAllTimes}, [&](const Feedback& said) {
                rows.feedback.push_back(said);
                return Result<void>();
            });
        }));
    }
    return rows;
}

std::vector<PartitionFile> ParquetColumns::files_in(
    std::string_view table, const std::string& model, TimeRange range
) const {
    std::vector<PartitionFile> found;
    const std::lock_guard lock(mutex_);
    for (const auto& [first, unit] : catalog_) {
        for (const auto& file : unit.files) {
            if (file.table == table && file.model == model && file.end >= range.begin &&
                file.begin < range.end) {
                found.push_back(file);
            }
        }
    }
    return found;
}

Result<void> ParquetColumns::scan_predictions(
    const std::string& model,
    TimeRange range,
    RowParts parts,
    const std::function<Result<void>(const Prediction&)>& visit
) const {
    const ParquetCut cut{"time", range, columns_of(parts)};
    const auto files = files_in(PredictionTable::kName, model, range);
    for (const auto& file : files) {
        TRY(read_parquet(folder_ / file.path, cut, [&](const arrow::RecordBatch& batch) {
            return decode_predictions(batch, {model, range, parts}, visit);
        }));
    }
    return {};
}

Result<void> ParquetColumns::scan_feedback(
    const std::string& model,
    TimeRange arrived,
    const std::function<Result<void>(const Feedback&)>& visit
) const {
    const ParquetCut cut{"arrived", arrived, {}};
    const auto files = files_in(FeedbackTable::kName, model, arrived);
    for (const auto& file : files) {
        TRY(read_parquet(folder_ / file.path, cut, [&](const arrow::RecordBatch& batch) {
            return decode_feedback(batch, {model, arrived}, visit);
        }));
    }
    return {};
}

Result<std::vector<TimeRange>> ParquetColumns::times_of(
    NamedBy named, const std::string& model, std::span<const std::uint64_t> keys
) const {
    const auto table = named == NamedBy::RequestId ? PredictionTable::kName : FeedbackTable::kName;
    std::vector<TimeRange> found;
    for (const auto& file : files_in(table, model, kAllTimes)) {
        if (!file.ids) {
            found.push_back({file.begin, file.end + Duration(1)});
        } else if (!file.ids->path.empty()) {
            const auto asked = find_ids(folder_ / file.ids->path, keys, found);
            if (!asked) {
                found.push_back({file.begin, file.end + Duration(1)});
                note_damaged(file, asked.error());
            }
        }
    }
    return apart(std::move(found));
}

void ParquetColumns::note_damaged(const PartitionFile& file, const Error& why) const {
    const std::lock_guard lock(mutex_);
    const bool here = std::ranges::any_of(catalog_, [&](const auto& entry) {
        return std::ranges::find(entry.second.files, file) != entry.second.files.end();
    });
    if (file.ids && here && damaged_.insert(file.ids->path).second) {
        log_warn("columns.index_of_ids_damaged", {{"reason", why.message}});
    }
}

Result<void> ParquetColumns::find_payloads(
    const PayloadsWanted& wanted, const std::function<Result<void>(Payload&&)>& visit
) const {
    const auto wants = [&](const Digest& digest) { return wanted.wants(digest); };
    const TimeRange days = whole_days(wanted.days);
    const auto files = files_in(PayloadTable::kName, wanted.model, days);
    const auto large = TRY(large_payloads_in(files_in(kPayloadFile, wanted.model, days)));
    for (const auto& file : files) {
        TRY(read_payload_table(folder_, file, large, wants, visit));
    }
    return {};
}

Result<std::uint64_t> ParquetColumns::bytes() const {
    const std::lock_guard lock(mutex_);
    std::uint64_t bytes = 0;
    for (const auto& [first, unit] : catalog_) {
        for (const auto& file : unit.files) {
            bytes += file.bytes + (file.ids ? file.ids->bytes : 0);
        }
    }
    return bytes;
}

}  // namespace flywheel
