#pragma once
// SPDX-License-Identifier: Apache-2.0
// Columns: captured rows as Parquet partitions (model, UTC day) that users open with pandas, DuckDB
// or Spark. Adapter: parquet (through Arrow). Any thread may call; one writes.

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "ports/columns/segment_source.h"
#include "records/feedback.h"
#include "records/payload.h"
#include "records/prediction.h"

namespace flywheel {

/// Half-open stretch of time.
struct TimeRange {
    Time begin;
    Time end;
};

inline constexpr TimeRange kAllTimes{Time::min(), Time::max()};

/// How much of each prediction a scan reads; the rest is as in a row that was never filled.
enum class RowParts {
    /// id, request_id, row_id, time, version, route, label, status, confidence, propensity,
    /// payload_digest, subject: for joins and look-ups.
    Keys,
    Light,  ///< All but the embedding.
    Whole,
};

/// From the beginning of the first UTC day to the end of the last.
[[nodiscard]] inline TimeRange whole_days(TimeRange range) {
    using std::chrono::days;
    if (range.begin >= range.end) {
        return range;
    }
    const bool open = range.end > Time::max() - days(1) || range.begin < Time::min() + days(1);
    return open ? range
                : TimeRange{
                      std::chrono::floor<days>(range.begin), std::chrono::ceil<days>(range.end)
                  };
}

/// By which id rows are looked for when nobody knows their time.
enum class NamedBy {
    RequestId,  ///< Predictions, by request id or base id; see each_key in row_keys.h.
    Target,     ///< Feedback, by what it is about.
};

/// Which payloads of a model to look for.
struct PayloadsWanted {
    std::string model;
    TimeRange days;               ///< By first_seen; widened to whole UTC days.
    std::vector<Digest> digests;  ///< Rising.
    bool every = false;           ///< Also all others.

    [[nodiscard]] bool wants(const Digest& digest) const {
        return every || std::ranges::binary_search(digests, digest);
    }
};

/// What a call of upkeep changed.
struct ColumnUpkeep {
    std::uint64_t files_removed = 0;
    std::uint64_t files_rewritten = 0;  ///< Made of older ones; a merge counts what it made.
    std::uint64_t predictions_removed = 0;
    std::uint64_t feedback_removed = 0;
    std::uint64_t payloads_removed = 0;

    void add(const ColumnUpkeep& other) {
        files_removed += other.files_removed;
        files_rewritten += other.files_rewritten;
        predictions_removed += other.predictions_removed;
        feedback_removed += other.feedback_removed;
        payloads_removed += other.payloads_removed;
    }
};

/// Fields of predictions that are forgotten before their rows are; with Payload the payloads go.
enum class ShortLived { Payload, Embedding };

inline std::span<const std::string_view> names_of(ShortLived) {
    static constexpr std::array<std::string_view, 2> kNames = {"payload", "embedding"};
    return kNames;
}

/// Which rows shall go. Asked for every row; `prediction` with RowParts::Keys, `payload` by model,
/// digest and first_seen, perhaps more than once. What is empty takes nothing.
struct RowsToRemove {
    std::function<bool(const Prediction&)> prediction;
    std::function<bool(const Feedback&)> feedback;
    std::function<bool(const Payload&)> payload = {};
};

class Columns {
  public:
    Columns() = default;
    Columns(const Columns&) = delete;
    Columns& operator=(const Columns&) = delete;
    virtual ~Columns() = default;

    /// Writes the rows of one journal segment: one file per (model, UTC day of the row's time),
    /// named by the segment, so that writing the same segment again replaces the same files.
    /// Durable on return.
    virtual Result<void> roll_segment(std::uint64_t segment, SegmentSource& rows) = 0;

    /// The same with rows that stand together.
    Result<void> write_segment(std::uint64_t segment, const ColumnSegment& rows) {
        HeldSegment held(rows);
        return roll_segment(segment, held);
    }

    /// True when the segment's rows are completely here.
    virtual Result<bool> has_segment(std::uint64_t segment) const = 0;
    /// Segments that are here, rising.
    virtual Result<std::vector<std::uint64_t>> segments() const = 0;
    /// All rows of one segment, by model and day; NotFound when it is not here.
    virtual Result<ColumnSegment> read_segment(std::uint64_t segment) const = 0;
    /// Rows with time in `range`, by file then row order (not globally sorted).
    virtual Result<void> scan_predictions(
        const std::string& model,
        TimeRange range,
        RowParts parts,
        const std::function<Result<void>(const Prediction&)>& visit
    ) const = 0;
    virtual Result<void> scan_feedback(
        const std::string& model,
        TimeRange arrived,
        const std::function<Result<void>(const Feedback&)>& visit
    ) const = 0;
    /// When rows that are found by one of these keys (each_key) were served, or arrived: stretches
    /// that rise, apart. Other rows stand in them too; a part that has no index of ids, or a
    /// damaged one, is a stretch as a whole.
    virtual Result<std::vector<TimeRange>> times_of(
        NamedBy named, const std::string& model, std::span<const std::uint64_t> keys
    ) const = 0;
    /// Calls `visit` with each wanted payload that is here, of every day it is here for.
    virtual Result<void> find_payloads(
        const PayloadsWanted& wanted, const std::function<Result<void>(Payload&&)>& visit
    ) const = 0;
    /// Models that have rows here, by name.
    virtual Result<std::vector<std::string>> models() const = 0;

    /// The calls that follow change what is here. Each may die anywhere and be called again: rows
    /// are then where they were or where they shall be, never gone by half and never twice.

    /// Forgets rows of which the whole UTC day ended by `before`.
    virtual Result<ColumnUpkeep> expire(Time before) = 0;
    /// Clears a field of predictions of which the whole UTC day ended by `before`.
    virtual Result<ColumnUpkeep> strip(ShortLived field, Time before) = 0;
    /// Takes rows out; files without such rows stay as they are.
    virtual Result<ColumnUpkeep> remove(const RowsToRemove& gone) = 0;
    /// Makes one file of the small ones of each partition, for segments whose last day ended by
    /// `before`; and indexes of ids, where they are absent or damaged.
    virtual Result<ColumnUpkeep> merge(Time before) = 0;

    /// Bytes of all files.
    virtual Result<std::uint64_t> bytes() const = 0;
};

}  // namespace flywheel
