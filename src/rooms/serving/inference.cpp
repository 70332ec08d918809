// SPDX-License-Identifier: Apache-2.0
// Serving's request path: from a chosen version to recorded rows.
#include "rooms/serving/inference.h"

#include <future>

#include <fmt/format.h>

#include "base/text.h"
#include "rooms/serving/id_rng.h"
#include "rooms/serving/serving.h"

namespace flywheel::serving {

namespace {

std::chrono::microseconds longest_wait(
    const InferRequest& request, std::chrono::microseconds limit
) {
    return request.timeout.count() > 0 ? std::min(request.timeout, limit) : limit;
}

}  // namespace

Inference::Inference(const Serving& serving, Chosen chosen, const InferRequest& request)
    : request_(request),
      mirror_(chosen.mirror),
      arrived_(serving.clock_->now()),
      answer_(serving.begin_answer(request, std::move(chosen), arrived_)),
      rows_(request_, answer_, arrived_) {}

void Inference::take(BatchOutcome&& outcome) {
    times.queue = outcome.queue;
    times.infer = outcome.infer;
    batch_ = outcome.counts;
    answer_.infer_time = outcome.infer;
    answer_.batch_rows = outcome.batch_rows;
    answer_.tensors = std::move(outcome.tensors);
}

std::int64_t Inference::row_count() const {
    return static_cast<std::int64_t>(rows_.row_count());
}

void Inference::stop_waiting() {
    if (waits_since_) {
        answer_.served->turns->leave(row_count());
        waits_since_.reset();
    }
}

Result<void> Serving::check(const InferRequest& request, ServedCounts& counts) const {
    if (request.texts.empty() && request.rows < 1) {
        return invalid_argument("Request has no rows");
    }
    const std::size_t rows = std::max(
        request.texts.size(), static_cast<std::size_t>(std::max(request.rows, std::int64_t{0}))
    );
    if (rows > plan_.max_rows) {
        counts.reject(Rejection::Size);
        return invalid_argument(
            fmt::format("Request has more rows than the limit of {}: {}", plan_.max_rows, rows)
        );
    }
    for (std::size_t row = 0; row < request.texts.size(); ++row) {
        const std::string_view text = request.texts[row];
        if (text.size() > plan_.max_text_bytes) {
            counts.reject(Rejection::Size);
            return invalid_argument(fmt::format(
                "Row {}: text is larger than the limit of {} bytes: {}",
                row,
                plan_.max_text_bytes,
                text.size()
            ));
        }
        if (trim(text).empty()) {
            return invalid_argument(fmt::format("Row {}: text is empty", row));
        }
        const std::size_t bad = first_invalid_utf8(text);
        if (bad != std::string_view::npos) {
            return invalid_argument(
                fmt::format("Row {}: text is not valid UTF-8 at byte {}", row, bad)
            );
        }
    }
    return {};
}

Uuid Serving::new_id(const InferRequest& request, Time now) const {
    if (plan_.id_seed && !request.request_id.empty()) {
        return Uuid::derived(
            now, fmt::format("{} {} {}", *plan_.id_seed, request.model, request.request_id)
        );
    }
    return Uuid::random(now, id_rng());
}

InferAnswer Serving::begin_answer(const InferRequest& request, Chosen chosen, Time now) const {
    InferAnswer answer;
    answer.base_id = new_id(request, now).with_row(0);
    answer.request_id =
        request.request_id.empty() ? answer.base_id.text() : std::string(request.request_id);
    answer.served = std::move(chosen.version);
    answer.route = chosen.route;
    answer.rollout = chosen.rollout;
    return answer;
}

Result<void> Serving::admit(const Chosen& chosen, std::size_t body_bytes, std::int64_t busy) {
    const BatchLane* lane = chosen.version->lane.get();
    const TurnLine* turns = chosen.version->turns.get();
    Result<void> admitted;
    if (lane != nullptr && lane->full()) {
        admitted = lane->refusal();
    } else if (turns != nullptr && turns->is_long(body_bytes)) {
        admitted = turns->admit(busy, 1);
    }
    if (!admitted) {
        chosen.version->counts->reject(Rejection::Queue);
    }
    return admitted;
}

Result<void> Serving::run(Inference& inference) {
    TRY(check(inference.request_, *inference.answer_.served->counts));
    TRY(inference.run(std::chrono::nanoseconds::max()));
    return {};
}

Result<bool> Inference::run(std::chrono::nanoseconds budget) {
    const ServedVersion& served = *answer_.served;
    auto done = rows_.run(budget);
    if (!done) {
        served.counts->engine_failures.fetch_add(1, std::memory_order_relaxed);
    } else if (*done) {
        times.infer = answer_.infer_time;
        batch_ = served.counts->executed(row_count(), times.infer);
        served.turns->ran(request_.body_bytes, times.infer);
    }
    return done;
}

Result<void> Serving::wait(Inference& inference, std::int64_t busy) {
    const ServedVersion& served = *inference.answer_.served;
    TRY(check(inference.request_, *served.counts));
    if (auto admitted = served.turns->admit(busy, inference.row_count()); !admitted) {
        served.counts->reject(Rejection::Queue);
        return admitted;
    }
    served.turns->enter(inference.row_count());
    inference.times.queued = true;
    inference.waits_since_ = monotonic_now();
    return {};
}

Result<bool> Serving::run_piece(Inference& inference, Instant arrived) {
    const ServedVersion& served = *inference.answer_.served;
    if (inference.waits_since_) {
        const Instant now = monotonic_now();
        inference.times.queue = now - *inference.waits_since_;
        inference.stop_waiting();
        if (now >= arrived + longest_wait(inference.request_, served.turns->time_out())) {
            served.counts->reject(Rejection::TimeOut);
            return timed_out(now - arrived, "in the queue");
        }
    }
    return inference.run(TurnLine::kPiece);
}

void Serving::submit(
    Inference& inference,
    Instant arrived,
    std::shared_ptr<const void> memory,
    std::function<void(Result<BatchOutcome>)> done
) {
    const InferRequest& request = inference.request_;
    BatchLane& lane = *inference.answer_.served->lane;
    inference.times.queued = true;
    if (auto checked = check(request, *inference.answer_.served->counts); !checked) {
        done(std::move(checked).error());
        return;
    }
    auto queued = std::make_shared<QueuedRequest>();
    queued->inputs.assign(request.inputs.begin(), request.inputs.end());
    queued->wanted.assign(request.wanted.begin(), request.wanted.end());
    queued->rows = request.rows;
    if (memory) {
        queued->deadline = arrived + longest_wait(request, lane.limits().time_out);
    }
    queued->memory = std::move(memory);
    queued->done = std::move(done);
    inference.queued_ = queued;
    lane.submit(queued);
}

void Serving::answered(Inference& inference) {
    const auto recording = monotonic_now();
    const InferAnswer& answer = inference.answer_;
    ServedCounts& counts = *answer.served->counts;
    const auto route = static_cast<std::size_t>(answer.route);
    const std::int64_t rows = inference.row_count();
    counts.rows[route].fetch_add(rows, std::memory_order_relaxed);
    counts.succeeded(inference.times, answer.route, answer.base_id.time(), inference.batch_);
    inference.rows_.record(*recorder_, inference.times);
    inference.queued_ = nullptr;
    if (inference.mirror_) {
        shadow_.offer(*inference.mirror_, inference.request_, answer, inference.arrived_);
    }
    counts.stage(answer.route, Stage::Capture).add(monotonic_now() - recording);
}

void Serving::failed(Inference& inference, int status, std::string_view message) {
    ServedCounts& counts = *inference.answer_.served->counts;
    counts.failed(inference.times.total);
    if (status >= 400 && status < 500 && status != http_status(Code::Cancelled)) {
        counts.invalid_requests.fetch_add(1, std::memory_order_relaxed);
    }
    counts.refused_rows.fetch_add(inference.row_count(), std::memory_order_relaxed);
    inference.rows_.refuse(*recorder_, {status, message, inference.times});
    inference.queued_ = nullptr;
}

void Serving::left(Inference& inference) {
    if (inference.queued_) {
        inference.answer_.served->lane->cancel(inference.queued_);
    }
    inference.stop_waiting();
    inference.answer_.served->counts->reject(Rejection::Cancel);
    failed(inference, http_status(Code::Cancelled), "The client has left");
}

Result<InferAnswer> Serving::infer(const InferRequest& request) {
    Chosen chosen = TRY(choose(request.model, request.version, key_of(request)));
    settle(chosen, key_of(request));
    return infer(std::move(chosen), request);
}

Result<InferAnswer> Serving::infer(Chosen chosen, const InferRequest& request) {
    const Instant started = monotonic_now();
    Inference inference(*this, std::move(chosen), request);
    Result<void> done;
    if (inference.queues()) {
        std::promise<Result<BatchOutcome>> promise;
        submit(inference, started, nullptr, [&promise](Result<BatchOutcome> outcome) {
            promise.set_value(std::move(outcome));
        });
        auto outcome = promise.get_future().get();
        if (outcome) {
            inference.take(std::move(*outcome));
        } else {
            done = std::move(outcome).error();
        }
    } else {
        done = run(inference);
    }
    inference.times.total = monotonic_now() - started;
    if (!done) {
        failed(inference, http_status(done.error().code), done.error().message);
        return std::move(done).error();
    }
    answered(inference);
    return std::move(inference.answer_);
}

}  // namespace flywheel::serving
