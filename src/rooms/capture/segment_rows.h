#pragma once
// SPDX-License-Identifier: Apache-2.0
// What one segment of the journal holds, as it is rolled into the columns: each row once. Used by
// the roll; one thread.

#include <cstdint>
#include <functional>
#include <vector>

#include "ports/columns/columns.h"
#include "ports/journal/journal.h"
#include "rooms/capture/privacy/erased_subjects.h"

namespace flywheel {

class SegmentRows final : public SegmentSource {
  public:
    /// What the roll must know before the rows are in the columns for good.
    struct Watch {
        std::function<void(const Prediction&)> row;
        /// All that the segment holds, after its last row.
        std::function<Result<void>(const std::vector<Erasure>&)> erasures;
    };

    SegmentRows(const Journal& journal, std::uint64_t segment, Watch watch)
        : journal_(journal), segment_(segment), watch_(std::move(watch)) {}

    /// Corrupt when a good frame holds something that is no row.
    Result<void> each_prediction(const std::function<Result<void>(Prediction&)>& visit) override;

    [[nodiscard]] const std::vector<Feedback>& feedback() const override { return feedback_; }

    [[nodiscard]] const std::vector<Payload>& payloads() const override { return payloads_; }

    [[nodiscard]] std::size_t predictions() const { return predictions_; }

  private:
    const Journal& journal_;
    std::uint64_t segment_;
    Watch watch_;
    std::size_t predictions_ = 0;
    std::vector<Feedback> feedback_;
    std::vector<Payload> payloads_;
};

}  // namespace flywheel
