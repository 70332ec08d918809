// SPDX-License-Identifier: Apache-2.0
#include "rooms/serving/batching/batch_call.h"

#include <algorithm>

#include "base/clock.h"
#include "rooms/serving/batching/tensor_rows.h"

namespace flywheel::serving {

namespace {

/// The inputs of a call; keeps its memory for the thread's next one.
class CallInputs {
  public:
    std::span<const TensorView> of(std::span<const BatchSlice> batch) {
        const QueuedRequest& first = *batch.front().request;
        if (batch.size() == 1 && batch.front().whole()) {
            return first.inputs;
        }
        joined_.resize(std::max(joined_.size(), first.inputs.size()));
        views_.clear();
        for (std::size_t input = 0; input < first.inputs.size(); ++input) {
            parts_.clear();
            for (const BatchSlice& slice : batch) {
                parts_.push_back(view_rows(slice.request->inputs[input], slice.first, slice.rows));
            }
            views_.push_back(parts_.size() == 1 ? parts_[0] : joined_[input].join(parts_));
        }
        return views_;
    }

  private:
    std::vector<JoinedRows> joined_;
    std::vector<TensorView> parts_;
    std::vector<TensorView> views_;
};

/// Outputs that any request of the batch wants, each once.
std::vector<std::size_t> wanted_by(std::span<const BatchSlice> batch) {
    std::vector<std::size_t> wanted = batch.front().request->wanted;
    for (const BatchSlice& slice : batch.subspan(1)) {
        for (const std::size_t output : slice.request->wanted) {
            if (std::find(wanted.begin(), wanted.end(), output) == wanted.end()) {
                wanted.push_back(output);
            }
        }
    }
    return wanted;
}

}  // namespace

Result<std::vector<BatchShare>> call_model(
    const TensorModel& model, std::span<const BatchSlice> batch, ServedCounts& counts
) {
    thread_local CallInputs joined;
    const auto inputs = joined.of(batch);
    const std::vector<std::size_t> wanted = wanted_by(batch);
    BatchShare share;
    for (const BatchSlice& slice : batch) {
        share.batch_rows += slice.rows;
    }
    const auto started = monotonic_now();
    std::vector<Tensor> outputs = TRY(model.run(inputs, wanted));
    share.infer = monotonic_now() - started;
    TRY(check_outputs(model.signature(), wanted, share.batch_rows, outputs));
    share.counts = counts.executed(share.batch_rows, share.infer);
    std::vector<BatchShare> shares(batch.size(), share);
    if (batch.size() == 1) {
        shares[0].tensors = std::move(outputs);
        return shares;
    }
    std::int64_t first = 0;
    for (std::size_t i = 0; i < batch.size(); ++i) {
        for (const std::size_t output : batch[i].request->wanted) {
            const auto place = std::find(wanted.begin(), wanted.end(), output) - wanted.begin();
            shares[i].tensors.push_back(
                copy_rows(outputs[static_cast<std::size_t>(place)], first, batch[i].rows)
            );
        }
        first += batch[i].rows;
    }
    return shares;
}

std::vector<Tensor> join_parts(std::vector<QueuedRequest::Part>& parts) {
    if (parts.size() == 1) {
        return std::move(parts.front().tensors);
    }
    std::sort(parts.begin(), parts.end(), [](const auto& a, const auto& b) {
        return a.first < b.first;
    });
    std::vector<Tensor> whole;
    std::vector<const Tensor*> rows(parts.size());
    for (std::size_t output = 0; output < parts.front().tensors.size(); ++output) {
        for (std::size_t i = 0; i < parts.size(); ++i) {
            rows[i] = &parts[i].tensors[output];
        }
        whole.push_back(join_rows(rows));
    }
    return whole;
}

}  // namespace flywheel::serving
