#pragma once
// SPDX-License-Identifier: Apache-2.0
// One Parquet file: written batch by batch under a temporary name, read by row group. Used within
// this adapter; parquet's exceptions end here.

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "ports/columns/columns.h"

namespace flywheel {

inline constexpr std::int64_t kRowGroupRows = 16'384;
/// Rows that are turned into columns at a time: few enough to stay in the processor's cache.
inline constexpr std::size_t kBatchRows = 4'096;

/// A file being written under a temporary name; whoever drops it unfinished leaves nothing of it.
/// Errors are Unavailable: the disk refuses.
class ParquetWriter {
  public:
    static Result<ParquetWriter> open(
        const std::filesystem::path& path, const std::shared_ptr<arrow::Schema>& schema
    );
    ParquetWriter(ParquetWriter&& other) noexcept;
    ParquetWriter& operator=(ParquetWriter&& other) noexcept;
    ~ParquetWriter();

    /// Best of kBatchRows rows.
    Result<void> write(const arrow::RecordBatch& batch);
    /// Ends it: fsync, rename (the caller syncs the folder). Returns its bytes.
    Result<std::uint64_t> finish();

  private:
    class Open;

    explicit ParquetWriter(std::unique_ptr<Open> open);

    std::unique_ptr<Open> open_;
};

/// Which part of a file to read.
struct ParquetCut {
    std::string time_column;  ///< Row groups whose statistics lie outside `range` are not read.
    TimeRange range;
    std::function<bool(std::string_view)> reads;  ///< Which columns; empty = all.
};

/// Corrupt, naming the file, when it is no good Parquet file (page checksums are verified). Errors
/// of `visit` are returned as they are, Corrupt ones with the file's name.
Result<void> read_parquet(
    const std::filesystem::path& path,
    const ParquetCut& cut,
    const std::function<Result<void>(const arrow::RecordBatch&)>& visit
);

/// Writes a file whole: temporary name, fsync, rename (the caller syncs the folder).
Result<void> write_file(const std::filesystem::path& path, std::string_view bytes);
/// write_file, and fsync of the folder.
Result<void> write_small_file(const std::filesystem::path& path, std::string_view bytes);
/// fsync of a folder.
Result<void> sync_columns_folder(const std::filesystem::path& folder);

}  // namespace flywheel
