#pragma once
// SPDX-License-Identifier: Apache-2.0
// The small doors between serving, capture and the rooms that look at captured rows. Serving hands
// rows to a Recorder, the gateway hands what users say to a FeedbackSink; monitoring, collection,
// selection, evaluation read through CapturedRows. The room capture implements all three.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ports/columns/columns.h"
#include "records/feedback.h"
#include "records/prediction.h"

namespace flywheel {

class Recorder {
  public:
    Recorder() = default;
    Recorder(const Recorder&) = delete;
    Recorder& operator=(const Recorder&) = delete;
    virtual ~Recorder() = default;

    /// Takes a served row. Never blocks and never fails: when buffers are full the row is dropped
    /// and counted. Any thread.
    virtual void record(Prediction&& row) = 0;

    /// False: rows need not even be made, nothing is kept of them.
    [[nodiscard]] virtual bool takes_rows() const { return true; }

    /// True: an answer waits until its rows are durable (capture.sync = "answer").
    [[nodiscard]] virtual bool answers_wait() const { return false; }

    /// Calls `then`, once and from any thread, when all rows are durable that this thread has
    /// recorded since it last asked; with Unavailable when the disk refuses or one was dropped (the
    /// others may become durable yet). At once when answers do not wait. `then` must not block.
    virtual void when_durable(std::function<void(Result<void>)> then) { then({}); }
};

/// What became of a batch of feedback.
struct FeedbackReceipt {
    std::int64_t accepted = 0;   ///< New, and durable.
    std::int64_t duplicate = 0;  ///< Said before with the same value: no effect.
};

class FeedbackSink {
  public:
    FeedbackSink() = default;
    FeedbackSink(const FeedbackSink&) = delete;
    FeedbackSink& operator=(const FeedbackSink&) = delete;
    virtual ~FeedbackSink() = default;

    /// Takes feedback on served rows, also on rows that are not known (yet). When this returns a
    /// receipt, all of it is on disk (fdatasync); Unavailable when the disk refuses, and then
    /// nothing is acknowledged. `id` and `arrived` are set by the caller. Blocks on the disk; any
    /// thread.
    virtual Result<FeedbackReceipt> submit_feedback(std::vector<Feedback> feedback) = 0;
};

/// One request as looked up by id: its rows and what was said about them.
struct CapturedRequest {
    std::vector<Prediction> rows;    ///< By row number.
    std::vector<Feedback> feedback;  ///< In order of arrival.
    /// For each feedback the row that it is about, of whichever attempt; zero = of none, or it
    /// names no row and the request has several.
    std::vector<Id<Prediction>> about;
};

/// What came for one row.
struct CapturedPayload {
    std::string media_type;  ///< As Prediction::media_type.
    std::string bytes;

    bool operator==(const CapturedPayload&) const = default;
};

class CapturedRows {
  public:
    CapturedRows() = default;
    CapturedRows(const CapturedRows&) = delete;
    CapturedRows& operator=(const CapturedRows&) = delete;
    virtual ~CapturedRows() = default;

    /// Rows of route stable or canary with status 200 and time in `range`, each once, sorted by
    /// (time, id).
    virtual Result<std::vector<Prediction>> predictions(const std::string& model, TimeRange range)
        const = 0;
    /// Feedback that arrived in `arrived`, in order of arrival.
    virtual Result<std::vector<Feedback>> feedback(const std::string& model, TimeRange arrived)
        const = 0;
    /// Payloads of newest rows of the model that were answered, newest first: those that stand in
    /// the journal, of a bounded number of its frames, and of a bounded size together. For warming
    /// models up.
    virtual Result<std::vector<CapturedPayload>> recent_payloads(
        const std::string& model, std::size_t most
    ) const = 0;
    /// By request id or Prediction id; NotFound when nothing is known under it.
    virtual Result<CapturedRequest> find(const std::string& model, const std::string& id) const = 0;
    /// Rows captured so far are visible to the calls above when this returns.
    virtual Result<void> flush() const = 0;
};

}  // namespace flywheel
