#pragma once
// SPDX-License-Identifier: Apache-2.0
// One inference from the choice of its version to its recorded rows. Made by who asks serving and
// wants to write the answer before its rows are recorded, so that their timings are whole; ended by
// exactly one of Serving's answered(), failed(), left(). One thread at a time.

#include <memory>
#include <optional>

#include "rooms/serving/batching/batch_threads.h"
#include "rooms/serving/infer_request.h"
#include "rooms/serving/served_rows.h"

namespace flywheel::serving {

class Serving;

class Inference {
  public:
    /// `request` looks at memory that outlives this.
    Inference(const Serving& serving, Chosen chosen, const InferRequest& request);
    Inference(const Inference&) = delete;
    Inference& operator=(const Inference&) = delete;
    ~Inference() = default;

    [[nodiscard]] const InferAnswer& answer() const { return answer_; }

    /// The chosen version runs in batches: submit() it. Else run() it.
    [[nodiscard]] bool queues() const { return answer_.served->lane != nullptr; }

    [[nodiscard]] std::int64_t row_count() const;

    /// What came of submit(); before answered().
    void take(BatchOutcome&& outcome);

    /// Whoever asks says how long decoding, encoding, and all of it took; serving the rest.
    InferTimes times;

  private:
    friend class Serving;

    void stop_waiting();
    Result<bool> run(std::chrono::nanoseconds budget);

    InferRequest request_;
    std::shared_ptr<const Mirror> mirror_;  // who gets a copy
    Time arrived_;
    InferAnswer answer_;
    ServedRows rows_;
    ServedCounts::BatchCounts* batch_ = nullptr;
    QueuedPointer queued_;
    std::optional<Instant> waits_since_;  // for its turn
};

}  // namespace flywheel::serving
