#pragma once
// SPDX-License-Identifier: Apache-2.0
// The rows of one request on their way through the model to the Recorder. Private to the room;
// part of an Inference.

#include <chrono>
#include <cstdint>
#include <vector>

#include "ports/recorder.h"
#include "rooms/serving/infer_request.h"

namespace flywheel::serving {

/// Why a request was not answered.
struct Refused {
    int status = 500;
    std::string_view message{};
    InferTimes times{};
};

class ServedRows {
  public:
    /// `request` and `answer` outlive it; `answer` has its version and ids.
    ServedRows(const InferRequest& request, InferAnswer& answer, Time arrived);

    /// Runs rows that did not run yet, for about `budget`, and fills what the answer says of them;
    /// true when that was all. A model over tensors runs all at once. Internal: the model broke its
    /// signature; else what the model says.
    Result<bool> run(std::chrono::nanoseconds budget = std::chrono::nanoseconds::max());
    /// Hands every row to the recorder, with the times of the whole request.
    void record(Recorder& recorder, const InferTimes& times) const;
    /// Hands over rows that were refused: their digests and why, without payload (it may be no text
    /// at all). A request that was not read has one row without digest.
    void refuse(Recorder& recorder, const Refused& refused) const;

    [[nodiscard]] std::size_t row_count() const;

  private:
    bool predict(std::chrono::nanoseconds budget);
    Result<void> run_tensors();
    void put_text(std::size_t row, Prediction& out) const;
    void record_texts(Recorder& recorder, const InferTimes& times) const;
    void record_tensors(Recorder& recorder, const InferTimes& times) const;
    /// This thread's row, made new: the next one takes its place.
    [[nodiscard]] Prediction& blank(std::size_t row) const;
    /// Label and scores of a row of a model over tensors that has labels.
    void tell_scores(std::size_t row, Prediction& prediction) const;

    const InferRequest* request_;
    InferAnswer* answer_;
    Time arrived_;
    std::vector<float> base_scores_;  // [n, K] before correction; empty when none is on
    std::vector<std::int32_t> us_infer_;
    std::size_t predicted_ = 0;  // rows
};

}  // namespace flywheel::serving
