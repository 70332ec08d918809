#pragma once
// SPDX-License-Identifier: Apache-2.0
// The rows of one request on their way through the model to the Recorder. Private to the room;
// lives for one call of infer().

#include <chrono>
#include <cstdint>
#include <vector>

#include "ports/recorder.h"
#include "rooms/serving/serving.h"

namespace flywheel::serving {

class ServedRows {
  public:
    /// `request` and `answer` outlive it; `answer` has its version and ids.
    ServedRows(const InferRequest& request, InferAnswer& answer, Time arrived);

    /// Fills labels, scores and embeddings of the answer.
    void predict();
    /// Fills the tensors of the answer. Internal: the model broke its signature; else what the
    /// model says.
    Result<void> run();
    /// Hands every row to the recorder. `total` is the time of the whole request so far.
    void record(Recorder& recorder, std::chrono::nanoseconds total);
    /// Hands over rows that were refused: their digests and why, without payload (it may be no text
    /// at all).
    void refuse(Recorder& recorder, const Error& error) const;

  private:
    [[nodiscard]] std::size_t row_count() const;
    [[nodiscard]] Digest digest_of(std::size_t row) const;
    [[nodiscard]] Prediction blank(std::size_t row) const;
    Result<void> check_outputs() const;
    /// Label and scores of a row of a model over tensors that has labels.
    void tell_scores(std::size_t row, Prediction& prediction) const;

    const InferRequest* request_;
    InferAnswer* answer_;
    Time arrived_;
    std::vector<float> base_scores_;  // [n, K] before correction; empty when none is on
    std::vector<std::int32_t> us_infer_;
};

}  // namespace flywheel::serving
