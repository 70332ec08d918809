#pragma once
// SPDX-License-Identifier: Apache-2.0
// Columns: captured rows as Parquet partitions (model, UTC day) that users open with pandas, DuckDB
// or Spark. Adapter: parquet (through Arrow). Any thread may call; one writes.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "records/feedback.h"
#include "records/payload.h"
#include "records/prediction.h"

namespace flywheel {

/// Half-open stretch of time.
struct TimeRange {
    Time begin;
    Time end;
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

/// The rows of one journal segment, as the columns hold them.
struct ColumnSegment {
    std::vector<Prediction> predictions;
    std::vector<Feedback> feedback;
    std::vector<Payload> payloads = {};
};

/// Which payloads of a model to look for.
struct PayloadsWanted {
    std::string model;
    TimeRange days;               ///< By first_seen; widened to whole UTC days.
    std::vector<Digest> digests;  ///< Rising.
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
    virtual Result<void> write_segment(std::uint64_t segment, const ColumnSegment& rows) = 0;
    /// True when the segment's rows are completely here.
    virtual Result<bool> has_segment(std::uint64_t segment) const = 0;
    /// Segments that are here, rising.
    virtual Result<std::vector<std::uint64_t>> segments() const = 0;
    /// All rows of one segment, by model and day; NotFound when it is not here.
    virtual Result<ColumnSegment> read_segment(std::uint64_t segment) const = 0;
    /// Rows with time in `range`, by file then row order (not globally sorted). Embeddings are read
    /// only when `with_embeddings`.
    virtual Result<void> scan_predictions(
        const std::string& model,
        TimeRange range,
        bool with_embeddings,
        const std::function<Result<void>(const Prediction&)>& visit
    ) const = 0;
    virtual Result<void> scan_feedback(
        const std::string& model,
        TimeRange arrived,
        const std::function<Result<void>(const Feedback&)>& visit
    ) const = 0;
    /// Calls `visit` with each wanted payload that is here, of every day it is here for.
    virtual Result<void> find_payloads(
        const PayloadsWanted& wanted, const std::function<Result<void>(Payload&&)>& visit
    ) const = 0;
    /// Bytes of all files.
    virtual Result<std::uint64_t> bytes() const = 0;
};

}  // namespace flywheel
