#pragma once
// SPDX-License-Identifier: Apache-2.0
// The rows of one segment of the journal, on their way into the columns and out of them. Part of
// the port Columns; one thread.

#include <functional>
#include <vector>

#include "base/result.h"
#include "records/feedback.h"
#include "records/payload.h"
#include "records/prediction.h"

namespace flywheel {

/// The rows of one journal segment, as the columns hold them.
struct ColumnSegment {
    std::vector<Prediction> predictions;
    std::vector<Feedback> feedback;
    std::vector<Payload> payloads = {};
};

/// The rows of one journal segment on their way into the columns: predictions one at a time, for
/// they take several times the segment's memory when they stand together, then the rest.
class SegmentSource {
  public:
    SegmentSource() = default;
    SegmentSource(const SegmentSource&) = delete;
    SegmentSource& operator=(const SegmentSource&) = delete;
    virtual ~SegmentSource() = default;

    /// Once, before the others. `visit` may swap the row for one that is not needed any more.
    virtual Result<void> each_prediction(const std::function<Result<void>(Prediction&)>& visit) = 0;
    [[nodiscard]] virtual const std::vector<Feedback>& feedback() const = 0;
    [[nodiscard]] virtual const std::vector<Payload>& payloads() const = 0;
};

/// Rows that stand together, as a source; `rows` outlives it.
class HeldSegment final : public SegmentSource {
  public:
    explicit HeldSegment(const ColumnSegment& rows) : rows_(rows) {}

    Result<void> each_prediction(const std::function<Result<void>(Prediction&)>& visit) override {
        for (const Prediction& row : rows_.predictions) {
            Prediction copy = row;
            TRY(visit(copy));
        }
        return {};
    }

    [[nodiscard]] const std::vector<Feedback>& feedback() const override { return rows_.feedback; }

    [[nodiscard]] const std::vector<Payload>& payloads() const override { return rows_.payloads; }

  private:
    const ColumnSegment& rows_;
};

}  // namespace flywheel
