#pragma once
// SPDX-License-Identifier: Apache-2.0
// CapturedReader: rows and feedback from wherever they stand now, each once: frames of the journal
// first, then the columns. A segment that is rolled in between is seen twice, never missed, and a
// row seen twice is known by its id. Any thread.

#include <string>
#include <vector>

#include "ports/columns/columns.h"
#include "ports/journal/journal.h"
#include "ports/recorder.h"
#include "rooms/capture/journal_index.h"
#include "rooms/capture/privacy/erased_subjects.h"

namespace flywheel {

class CapturedReader {
  public:
    CapturedReader(
        const Journal& journal,
        const Columns& columns,
        const JournalIndex& index,
        const ErasedSubjects& erased
    )
        : journal_(journal), columns_(columns), index_(index), erased_(erased) {}

    /// As CapturedRows::predictions.
    Result<std::vector<Prediction>> predictions(const std::string& model, TimeRange range) const;
    /// As CapturedRows::feedback.
    Result<std::vector<Feedback>> feedback(const std::string& model, TimeRange arrived) const;
    /// As Capture::each_prediction and each_feedback.
    Result<void> each_prediction(
        const std::string& model,
        TimeRange range,
        RowParts parts,
        const std::function<Result<void>(const Prediction&)>& visit
    ) const;
    /// As Capture::sample.
    Result<RowSample> sample(const SampleWish& wish) const;
    Result<void> each_feedback(
        const std::string& model,
        TimeRange arrived,
        const std::function<Result<void>(const Feedback&)>& visit
    ) const;
    /// As CapturedRows::recent_payloads.
    Result<std::vector<CapturedPayload>> recent_payloads(const std::string& model, std::size_t most)
        const;
    /// As CapturedRows::find; rows from the columns come without their embedding.
    Result<CapturedRequest> find(const std::string& model, const std::string& id) const;
    /// Is there a row that feedback with this target is about?
    Result<bool> has_row(const std::string& model, const std::string& target) const;

  private:
    using VisitPrediction = std::function<Result<void>(Prediction&&)>;
    using VisitFeedback = std::function<Result<void>(Feedback&&)>;

    Result<void> read_frames(const std::vector<FramePlace>& places, const VisitPrediction& visit)
        const;
    Result<void> read_frames(const std::vector<FramePlace>& places, const VisitFeedback& visit)
        const;
    Result<std::vector<Prediction>> rows_meant(const std::string& model, const std::string& id)
        const;
    Result<std::vector<Feedback>> feedback_about(
        const std::string& model, const std::string& id, const std::vector<Prediction>& rows
    ) const;
    Result<std::vector<Id<Prediction>>> rows_said_of(
        const std::string& model, const std::string& id, const CapturedRequest& request
    ) const;

    const Journal& journal_;
    const Columns& columns_;
    const JournalIndex& index_;
    const ErasedSubjects& erased_;
};

}  // namespace flywheel
