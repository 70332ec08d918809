#pragma once
// SPDX-License-Identifier: Apache-2.0
// One engine call for rows of one or several requests: joins what goes in, splits what comes out.
// Private to the room; called by its batch threads.

#include <span>
#include <vector>

#include "ports/engine/tensor_model.h"
#include "rooms/serving/batching/batch_queue.h"

namespace flywheel::serving {

/// What one slice gets of an engine call.
struct BatchShare {
    std::vector<Tensor> tensors;  ///< What its request wants, in that order.
    std::chrono::nanoseconds infer{};
    std::int64_t batch_rows = 0;
    ServedCounts::BatchCounts* counts = nullptr;
};

/// One share a slice, or why the call failed. A batch of one request copies nothing.
Result<std::vector<BatchShare>> call_model(
    const TensorModel& model, std::span<const BatchSlice> batch, ServedCounts& counts
);

/// A request's answer from that of its pieces, which may have come in any order. Takes them.
[[nodiscard]] std::vector<Tensor> join_parts(std::vector<QueuedRequest::Part>& parts);

}  // namespace flywheel::serving
