#pragma once
// SPDX-License-Identifier: Apache-2.0
// ParquetColumns: captured rows as Parquet partitions in a folder (docs/internals/formats.md, 4).
// Opened by app/, written by capture's roll. One thread writes; any thread reads meanwhile.

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <vector>

#include "ports/columns/columns.h"
#include "ports/columns/parquet/partition.h"

namespace flywheel {

class ParquetColumns final : public Columns {
  public:
    /// Makes the folder, reads the lists of complete segments and deletes files that no list names.
    /// Corrupt, naming the file, when a list cannot be read (nothing is deleted then).
    static Result<std::unique_ptr<Columns>> open(const std::filesystem::path& folder);

    Result<void> roll_segment(std::uint64_t segment, SegmentSource& rows) override;
    Result<bool> has_segment(std::uint64_t segment) const override;
    Result<std::vector<std::uint64_t>> segments() const override;
    Result<ColumnSegment> read_segment(std::uint64_t segment) const override;
    Result<void> scan_predictions(
        const std::string& model,
        TimeRange range,
        RowParts parts,
        const std::function<Result<void>(const Prediction&)>& visit
    ) const override;
    Result<void> scan_feedback(
        const std::string& model,
        TimeRange arrived,
        const std::function<Result<void>(const Feedback&)>& visit
    ) const override;
    Result<std::vector<TimeRange>> times_of(
        NamedBy named, const std::string& model, std::span<const std::uint64_t> keys
    ) const override;
    Result<std::vector<std::string>> models() const override;

    Result<ColumnUpkeep> expire(Time before) override;
    Result<ColumnUpkeep> strip(ShortLived field, Time before) override;
    Result<ColumnUpkeep> remove(const RowsToRemove& gone) override;
    Result<ColumnUpkeep> merge(Time before) override;

    Result<void> find_payloads(
        const PayloadsWanted& wanted, const std::function<Result<void>(Payload&&)>& visit
    ) const override;
    Result<std::uint64_t> bytes() const override;

  private:
    using Catalog = std::map<std::uint64_t, ColumnUnit>;  // by first segment

    ParquetColumns(std::filesystem::path folder, Catalog catalog);

    static Result<void> drop_merged(const std::filesystem::path& folder, Catalog& catalog);

    /// Puts the list of a unit in the place of those of its segments; its files are there.
    Result<void> publish(ColumnUnit unit);
    [[nodiscard]] std::vector<ColumnUnit> units() const;
    /// Calls `change` with each file of each unit, and publishes units in which it changed one; a
    /// file that it empties goes.
    Result<void> change_files(const std::function<Result<bool>(PartitionFile&)>& change);
    /// Makes the indexes that are absent, or were found damaged.
    Result<void> mend_indexes();
    /// Notes that the index of a file is damaged, and logs it once.
    void note_damaged(const PartitionFile& file, const Error& why) const;
    Result<PartitionFile> merge_files(
        const std::vector<PartitionFile>& files, const std::string& path
    ) const;
    [[nodiscard]] std::vector<PartitionFile> files_in(
        std::string_view table, const std::string& model, TimeRange range
    ) const;

    const std::filesystem::path folder_;
    mutable std::mutex mutex_;  ///< Guards the three that follow.
    Catalog catalog_;
    std::set<std::uint64_t> segments_;       ///< All that are here, alone or merged.
    mutable std::set<std::string> damaged_;  ///< Indexes of ids to be made anew.
};

}  // namespace flywheel
