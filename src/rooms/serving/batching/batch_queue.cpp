// SPDX-License-Identifier: Apache-2.0
#include "rooms/serving/batching/batch_queue.h"

#include <algorithm>

#include <fmt/format.h>

namespace flywheel::serving {

namespace {

/// Equal in all dimensions but the first; datatypes are the signature's anyway.
bool same_rows(const QueuedRequest& left, const QueuedRequest& right) {
    return std::equal(
        left.inputs.begin(),
        left.inputs.end(),
        right.inputs.begin(),
        right.inputs.end(),
        [](const TensorView& a, const TensorView& b) {
            return a.type == b.type && a.shape.size() == b.shape.size() &&
                   std::equal(a.shape.begin() + 1, a.shape.end(), b.shape.begin() + 1);
        }
    );
}

}  // namespace

Error too_many_wait(std::int64_t rows, std::int64_t most) {
    return make_error(
        Code::Unavailable,
        fmt::format("Too many rows wait for the model; try again: {} of {}", rows, most)
    );
}

Error timed_out(std::chrono::nanoseconds since, std::string_view when) {
    const auto whole = std::chrono::duration_cast<std::chrono::milliseconds>(since);
    return make_error(
        Code::Unavailable, fmt::format("Request timed out {}: {} ms", when, whole.count())
    );
}

bool BatchQueue::push(QueuedPointer request) {
    CHECK(request->rows > 0);
    if (waiting_rows_ > 0 && waiting_rows_ + request->rows > limits_.queue_rows) {
        return false;
    }
    waiting_rows_ += request->rows;
    waiting_.push_back(std::move(request));
    return true;
}

/// A request over the limit runs in pieces of the limit and a rest.
std::int64_t BatchQueue::next_rows(const QueuedRequest& request) const {
    const std::int64_t left = request.rows - request.taken;
    return batches_ ? std::min(left, limits_.batch_rows) : left;
}

BatchQueue::Front BatchQueue::front() const {
    Front found;
    for (const QueuedPointer& request : waiting_) {
        const std::int64_t rows = next_rows(*request);
        if (found.requests > 0 &&
            (found.rows + rows > limits_.batch_rows || !same_rows(*waiting_.front(), *request))) {
            found.open = false;
            break;
        }
        found.requests += 1;
        found.rows += rows;
        found.open = batches_ && found.rows < limits_.batch_rows;
        if (!found.open) {
            break;
        }
    }
    return found;
}

std::optional<Instant> BatchQueue::due() const {
    if (waiting_.empty() || running_ >= limits_.instances) {
        return {};
    }
    const Instant since = waiting_.front()->submitted;
    return front().open ? since + limits_.delay : since;
}

std::vector<BatchSlice> BatchQueue::take(Instant now) {
    const auto when = due();
    if (!when || *when > now) {
        return {};
    }
    std::vector<BatchSlice> batch;
    for (std::size_t left = front().requests; left > 0; --left) {
        const QueuedPointer& request = waiting_.front();
        const std::int64_t rows = next_rows(*request);
        batch.push_back({request, request->taken, rows});
        request->taken += rows;
        waiting_rows_ -= rows;
        if (request->taken == request->rows) {
            waiting_.pop_front();
        }
    }
    running_ += 1;
    return batch;
}

void BatchQueue::remove(const QueuedRequest& request) {
    const auto found = std::find_if(waiting_.begin(), waiting_.end(), [&](const auto& one) {
        return one.get() == &request;
    });
    if (found != waiting_.end()) {
        waiting_rows_ -= request.rows - request.taken;
        waiting_.erase(found);
    }
}

}  // namespace flywheel::serving
