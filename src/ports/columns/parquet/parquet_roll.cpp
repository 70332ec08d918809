// SPDX-License-Identifier: Apache-2.0
// One journal segment becomes files.
#include <algorithm>
#include <deque>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

#include "ports/columns/parquet/column_tables.h"
#include "ports/columns/parquet/parquet_columns.h"
#include "ports/columns/parquet/payload_files.h"

namespace flywheel {

namespace {

/// Of a model, a day.
using PartKey = std::pair<std::string, std::chrono::sys_days>;

template <class Table>
PartKey key_of(const typename Table::Row& row) {
    return {Table::model(row), std::chrono::floor<std::chrono::days>(Table::time(row))};
}

template <class Table>
Result<PartitionWriter<Table>> open_part(
    const std::filesystem::path& folder, std::uint64_t segment, const PartKey& key
) {
    return PartitionWriter<Table>::open(
        folder,
        {.path = partition_path(Table::kName, key.first, key.second, unit_name({segment})),
         .table = std::string(Table::kName),
         .model = key.first}
    );
}

template <class Table>
Result<std::vector<PartitionFile>> write_rows(
    const std::filesystem::path& folder,
    std::uint64_t segment,
    const std::vector<typename Table::Row>& rows
) {
    std::map<PartKey, std::vector<const typename Table::Row*>> parts;
    for (const auto& row : rows) {
        parts[key_of<Table>(row)].push_back(&row);
    }
    std::vector<PartitionFile> files;
    for (const auto& [key, part] : parts) {
        auto writer = TRY(open_part<Table>(folder, segment, key));
        for (const auto* row : part) {
            TRY(writer.add(*row));
        }
        files.push_back(TRY(writer.finish()));
    }
    return files;
}

/// Predictions into their files as they come. Files being written hold memory and a descriptor
/// each, so only the first few parts have theirs at once; a segment rarely has more.
class PredictionParts {
  public:
    PredictionParts(const std::filesystem::path& folder, std::uint64_t segment)
        : folder_(folder), segment_(segment) {}

    /// Gives an older row for it, to be filled anew.
    Result<void> take(Prediction& row) {
        if (last_ == nullptr || !is_of(*last_, row)) {
            last_ = &TRY(part_of(row)).get();
        }
        Part& part = last_->second;
        if (part.used == part.rows.size()) {
            part.rows.emplace_back();
        }
        Prediction& mine = part.rows[part.used++];
        std::swap(mine, row);
        if (!part.writer) {
            return {};
        }
        TRY(part.writer->add(mine));
        if (part.used == kBatchRows) {
            part.used = 0;  // the writer has just read them
        }
        return {};
    }

    Result<std::vector<PartitionFile>> finish() {
        std::vector<PartitionFile> files;
        for (auto& [key, part] : parts_) {
            if (!part.writer) {
                part.writer = TRY(open_part<PredictionTable>(folder_, segment_, key));
                for (const Prediction& row : part.rows) {
                    TRY(part.writer->add(row));
                }
            }
            files.push_back(TRY(part.writer->finish()));
            part = {};
        }
        return files;
    }

  private:
    static constexpr std::size_t kOpenMax = 8;

    struct Part {
        std::optional<PartitionWriter<PredictionTable>> writer;  ///< None: opened at the end.
        std::deque<Prediction> rows;  // in their places until the writer has read them
        std::size_t used = 0;
    };

    using Entry = std::pair<const PartKey, Part>;

    static bool is_of(const Entry& entry, const Prediction& row) {
        return entry.first.first == row.model && row.time >= entry.first.second &&
               row.time < entry.first.second + std::chrono::days(1);
    }

    Result<std::reference_wrapper<Entry>> part_of(const Prediction& row) {
        const auto [found, is_new] = parts_.try_emplace(key_of<PredictionTable>(row));
        if (is_new && parts_.size() <= kOpenMax) {
            found->second.writer = TRY(open_part<PredictionTable>(folder_, segment_, found->first));
        }
        return std::ref(*found);
    }

    const std::filesystem::path& folder_;
    std::uint64_t segment_;
    std::map<PartKey, Part> parts_;
    Entry* last_ = nullptr;  // where the row before went
};

}  // namespace

Result<void> ParquetColumns::roll_segment(std::uint64_t segment, SegmentSource& rows) {
    PredictionParts predictions(folder_, segment);
    TRY(rows.each_prediction([&](Prediction& row) { return predictions.take(row); }));
    ColumnUnit unit{.segments = {segment}, .files = TRY(predictions.finish())};
    std::ranges::move(
        TRY(write_rows<FeedbackTable>(folder_, segment, rows.feedback())),
        std::back_inserter(unit.files)
    );
    std::vector<StoredPayload> payloads;
    payloads.reserve(rows.payloads().size());
    std::ranges::transform(rows.payloads(), std::back_inserter(payloads), stored_payload);
    std::ranges::sort(payloads, {}, [](const StoredPayload& stored) {
        return stored.payload.digest;
    });
    std::ranges::move(
        TRY(write_rows<PayloadTable>(folder_, segment, payloads)), std::back_inserter(unit.files)
    );
    std::ranges::move(
        TRY(write_large_payloads(folder_, segment, rows.payloads())), std::back_inserter(unit.files)
    );
    return publish(std::move(unit));
}

}  // namespace flywheel
