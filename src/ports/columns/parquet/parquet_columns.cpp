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

#include "ports/columns/parquet/column_batch.h"
#include "ports/columns/parquet/parquet_file.h"
#include "ports/columns/parquet/payload_batch.h"
#include "ports/columns/parquet/payload_files.h"

namespace flywheel {

namespace {

namespace fs = std::filesystem;

/// How one table differs from the others.
struct PredictionTable {
    static constexpr std::string_view kName = "predictions";

    static Time time(const Prediction& row) { return row.time; }

    static auto schema() { return prediction_schema(); }

    static auto encode(std::span<const Prediction* const> rows) { return encode_predictions(rows); }
};

struct FeedbackTable {
    static constexpr std::string_view kName = "feedback";

    static Time time(const Feedback& row) { return row.arrived; }

    static auto schema() { return feedback_schema(); }

    static auto encode(std::span<const Feedback* const> rows) { return encode_feedback(rows); }
};

struct PayloadTable {
    static constexpr std::string_view kName = kPayloadTable;

    static Time time(const Payload& row) { return row.first_seen; }

    static auto schema() { return payload_schema(); }

    static auto encode(std::span<const Payload* const> rows) { return encode_payloads(rows); }
};

template <class Row>
using TableOf = std::conditional_t<
    std::is_same_v<Row, Prediction>,
    PredictionTable,
    std::conditional_t<std::is_same_v<Row, Feedback>, FeedbackTable, PayloadTable>>;

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

Result<std::vector<PartitionFile>> read_list(const fs::path& path) {
    auto files = decode_list(TRY(read_whole_file(path)));
    if (!files) {
        return corrupt(fmt::format(
            "List of captured Parquet files is damaged: {}: {}",
            path.string(),
            files.error().message
        ));
    }
    return files;
}

/// What a crash left: files without a list, temporary files.
Result<void> delete_strays(const fs::path& folder, const std::set<std::string>& listed) {
    for (const char* part : kFolders) {
        const auto files = TRY(files_below(folder / part));
        for (const fs::path& file : files) {
            const bool listable = file.extension() == ".parquet" || file.extension() == ".payload";
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
    std::set<std::string> listed;
    const auto lists = TRY(files_below(folder / "segments"));
    for (const fs::path& list : lists) {
        if (list.extension() != ".json") {
            continue;
        }
        std::uint64_t segment = 0;
        const std::string digits = list.stem().string();
        const auto* const digits_end = digits.data() + digits.size();
        if (std::from_chars(digits.data(), digits_end, segment).ptr != digits_end) {
            continue;
        }
        auto files = TRY(read_list(list));
        for (const auto& file : files) {
            listed.insert(file.path);
        }
        catalog[segment] = std::move(files);
    }
    TRY(delete_strays(folder, listed));
    // The constructor is private, so make_unique cannot reach it.
    return std::unique_ptr<Columns>(new ParquetColumns(folder, std::move(catalog)));  // NOLINT
}

ParquetColumns::ParquetColumns(fs::path folder, Catalog catalog)
    : folder_(std::move(folder)), catalog_(std::move(catalog)) {}

template <class Row>
Result<std::vector<PartitionFile>> ParquetColumns::write_rows(
    std::uint64_t segment, const std::vector<Row>& rows, std::set<std::string>& folders
) {
    using Table = TableOf<Row>;
    std::map<std::pair<std::string, std::chrono::sys_days>, std::vector<const Row*>> parts;
    for (const Row& row : rows) {
        parts[{row.model, std::chrono::floor<std::chrono::days>(Table::time(row))}].push_back(&row);
    }
    std::vector<PartitionFile> files;
    for (const auto& [key, part] : parts) {
        const auto times =
            std::ranges::minmax(part, {}, [](const Row* r) { return Table::time(*r); });
        PartitionFile file{
            .path = partition_path(Table::kName, key.first, key.second, segment),
            .table = std::string(Table::kName),
            .model = key.first,
            .rows = static_cast<std::int64_t>(part.size()),
            .begin = Table::time(*times.min),
            .end = Table::time(*times.max),
            .segment = segment,
        };
        const fs::path path = folder_ / file.path;
        TRY(make_folders(path.parent_path()));
        std::span<const Row* const> left(part);
        file.bytes = TRY(write_parquet(path, Table::schema(), [&]() {
            const auto group = left.first(std::min(left.size(), kBatchRows));
            left = left.subspan(group.size());
            return group.empty() ? Result<std::shared_ptr<arrow::RecordBatch>>(nullptr)
                                 : Table::encode(group);
        }));
        for (fs::path parent = path.parent_path(); parent != folder_;
             parent = parent.parent_path()) {
            folders.insert(parent.string());
        }
        files.push_back(std::move(file));
    }
    return files;
}

Result<void> ParquetColumns::write_segment(std::uint64_t segment, const ColumnSegment& rows) {
    std::set<std::string> folders;
    auto files = TRY(write_rows(segment, rows.predictions, folders));
    std::ranges::move(TRY(write_rows(segment, rows.feedback, folders)), std::back_inserter(files));
    auto payloads = rows.payloads;
    std::ranges::sort(payloads, {}, &Payload::digest);
    std::ranges::move(TRY(write_rows(segment, payloads, folders)), std::back_inserter(files));
    std::ranges::move(
        TRY(write_large_payloads(folder_, segment, payloads)), std::back_inserter(files)
    );
    for (const auto& changed : folders) {
        TRY(sync_columns_folder(changed));
    }
    TRY(write_small_file(folder_ / "segments" / list_name(segment), encode_list(segment, files)));

    std::set<std::string> now;
    for (const auto& file : files) {
        now.insert(file.path);
    }
    std::vector<PartitionFile> before;
    {
        const std::lock_guard lock(mutex_);
        before = std::exchange(catalog_[segment], std::move(files));
    }
    for (const auto& file : before) {
        std::error_code ignored;  // a file without a list goes at the next start
        if (!now.contains(file.path)) {
            fs::remove(folder_ / file.path, ignored);
        }
    }
    return {};
}

Result<bool> ParquetColumns::has_segment(std::uint64_t segment) const {
    const std::lock_guard lock(mutex_);
    return catalog_.contains(segment);
}

Result<std::vector<std::uint64_t>> ParquetColumns::segments() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::uint64_t> numbers;
    for (const auto& [number, files] : catalog_) {
        numbers.push_back(number);
    }
    return numbers;
}

Result<ColumnSegment> ParquetColumns::read_segment(std::uint64_t segment) const {
    std::vector<PartitionFile> files;
    {
        const std::lock_guard lock(mutex_);
        const auto found = catalog_.find(segment);
        if (found == catalog_.end()) {
            return not_found(fmt::format("No such segment in the columns: {}", segment));
        }
        files = found->second;
    }
    constexpr TimeRange kAlways{Time::min(), Time::max()};
    ColumnSegment rows;
    for (const auto& file : files) {
        if (file.table == kPayloadFile) {
            continue;  // comes with its table
        }
        if (file.table == PayloadTable::kName) {
            const auto all = [](const Digest&) { return true; };
            TRY(read_payload_table(folder_, file, all, [&](Payload&& payload) {
                rows.payloads.push_back(std::move(payload));
                return Result<void>();
            }));
            continue;
        }
        const bool predictions = file.table == PredictionTable::kName;
        const ParquetCut cut{predictions ? "time" : "arrived", kAlways, ""};
        TRY(read_parquet(folder_ / file.path, cut, [&](const arrow::RecordBatch& batch) {
            if (predictions) {
                return decode_predictions(batch, {file.model, kAlways}, [&](const Prediction& row) {
                    rows.predictions.push_back(row);
                    return Result<void>();
                });
            }
            return decode_feedback(batch, {file.model, kAlways}, [&](const Feedback& said) {
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
    for (const auto& [segment, files] : catalog_) {
        for (const auto& file : files) {
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
    bool with_embeddings,
    const std::function<Result<void>(const Prediction&)>& visit
) const {
    const ParquetCut cut{"time", range, with_embeddings ? "" : "embedding"};
    const auto files = files_in(PredictionTable::kName, model, range);
    for (const auto& file : files) {
        TRY(read_parquet(folder_ / file.path, cut, [&](const arrow::RecordBatch& batch) {
            return decode_predictions(batch, {model, range}, visit);
        }));
    }
    return {};
}

Result<void> ParquetColumns::scan_feedback(
    const std::string& model,
    TimeRange arrived,
    const std::function<Result<void>(const Feedback&)>& visit
) const {
    const ParquetCut cut{"arrived", arrived, ""};
    const auto files = files_in(FeedbackTable::kName, model, arrived);
    for (const auto& file : files) {
        TRY(read_parquet(folder_ / file.path, cut, [&](const arrow::RecordBatch& batch) {
            return decode_feedback(batch, {model, arrived}, visit);
        }));
    }
    return {};
}

Result<void> ParquetColumns::find_payloads(
    const PayloadsWanted& wanted, const std::function<Result<void>(Payload&&)>& visit
) const {
    const auto wants = [&](const Digest& digest) {
        return std::ranges::binary_search(wanted.digests, digest);
    };
    const auto files = files_in(PayloadTable::kName, wanted.model, whole_days(wanted.days));
    for (const auto& file : files) {
        TRY(read_payload_table(folder_, file, wants, visit));
    }
    return {};
}

Result<std::uint64_t> ParquetColumns::bytes() const {
    const std::lock_guard lock(mutex_);
    std::uint64_t bytes = 0;
    for (const auto& [segment, files] : catalog_) {
        for (const auto& file : files) {
            bytes += file.bytes;
        }
    }
    return bytes;
}

}  // namespace flywheel
