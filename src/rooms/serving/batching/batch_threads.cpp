// SPDX-License-Identifier: Apache-2.0
#include "rooms/serving/batching/batch_threads.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include <fmt/format.h>
#include <pthread.h>

#include "base/clock.h"
#include "rooms/serving/batching/batch_call.h"

namespace flywheel::serving {

/// The queue of one version. All but `waiting` and what never changes belongs to Core's lock.
struct BatchLane::State {
    State(BatchLimits limits, const TensorModel& tensors)
        : queue(limits, tensors.signature().batches) {}

    BatchQueue queue;
    std::shared_ptr<const Model> model;
    std::shared_ptr<ServedCounts> counts;
    std::vector<QueuedPointer> open;        // not answered
    Instant earliest = Instant::max();      // no deadline of `open` is before
    std::atomic<std::int64_t> waiting = 0;  // rows, for readers without the lock
    std::atomic<std::int64_t> waiting_requests = 0;

    void note_waiting() {
        waiting = queue.waiting_rows();
        waiting_requests = static_cast<std::int64_t>(queue.waiting_requests());
    }

    void add(const QueuedPointer& request) {
        request->slot = open.size();
        open.push_back(request);
        earliest = std::min(earliest, request->deadline);
        note_waiting();
    }

    /// The one who calls it is the one who answers.
    std::function<void(Result<BatchOutcome>)> close(QueuedRequest& request) {
        CHECK(!request.answered);
        request.answered = true;
        queue.remove(request);
        note_waiting();
        QueuedPointer& place = open[request.slot];
        open.back()->slot = request.slot;
        place.swap(open.back());
        open.pop_back();  // not the last owner: whoever closes has one
        return std::move(request.done);
    }
};

/// What lanes and threads share. Requests and lanes are never released under the lock: they may own
/// the last of a version, and so a lane.
struct BatchLane::Core {
    using StatePointer = std::shared_ptr<State>;
    using Answer = std::function<void(Result<BatchOutcome>)>;

    /// A batch and the lane it is of.
    struct Task {
        StatePointer lane;
        std::vector<BatchSlice> batch;
    };

    /// A request past its deadline.
    struct Late {
        QueuedPointer request;
        Answer answer;
    };

    std::mutex mutex;
    std::condition_variable work;   // for threads without any
    std::condition_variable clock;  // for the one that watches the clock
    std::vector<StatePointer> lanes;
    std::vector<std::thread> threads;
    int instances = 0;  // of all lanes
    int idle = 0;       // threads that wait for `work`
    bool watched = false;
    Instant watched_until = Instant::max();
    std::size_t turn = 0;  // lane that is looked at first
    bool ending = false;

    void run();
    void rest(std::unique_lock<std::mutex>& lock);
    void wake(Instant now);
    [[nodiscard]] Instant next_event() const;
    std::vector<Late> expire(Instant now);
    Task take(Instant now);
    void execute(const Task& task);
    void deliver(State& lane, const BatchSlice& slice, Result<BatchShare> share);
};

void BatchLane::Core::run() {
    std::unique_lock lock(mutex);
    while (!ending) {
        const Instant now = monotonic_now();
        std::vector<Late> late = expire(now);
        Task task = take(now);
        if (late.empty() && !task.lane) {
            rest(lock);
            continue;
        }
        wake(now);
        lock.unlock();
        for (Late& one : late) {
            const QueuedRequest& request = *one.request;
            one.answer(timed_out(
                monotonic_now() - request.submitted,
                request.taken > 0 ? "while it ran" : "in the queue"
            ));
        }
        late.clear();
        if (task.lane) {
            execute(task);
            lock.lock();
            task.lane->queue.finish();
            lock.unlock();
            task = {};
        }
        lock.lock();
    }
}

/// Nothing to do: one thread watches the clock, the others sleep.
void BatchLane::Core::rest(std::unique_lock<std::mutex>& lock) {
    if (watched) {
        ++idle;
        work.wait(lock);
        --idle;
        return;
    }
    watched = true;
    watched_until = next_event();
    if (watched_until == Instant::max()) {
        clock.wait(lock);
    } else {
        clock.wait_until(lock, watched_until);
    }
    watched = false;
}

/// Something has changed: sees to it that due work is done, and that the clock is watched.
void BatchLane::Core::wake(Instant now) {
    const Instant event = next_event();
    if (idle > 0 && (event <= now || !watched)) {
        work.notify_one();
    } else if (watched && event < watched_until) {
        clock.notify_one();
    }
}

Instant BatchLane::Core::next_event() const {
    Instant event = Instant::max();
    for (const StatePointer& lane : lanes) {
        event = std::min({event, lane->earliest, lane->queue.due().value_or(Instant::max())});
    }
    return event;
}

std::vector<BatchLane::Core::Late> BatchLane::Core::expire(Instant now) {
    std::vector<Late> late;
    for (const StatePointer& lane : lanes) {
        if (lane->earliest > now) {
            continue;
        }
        lane->earliest = Instant::max();
        for (std::size_t i = 0; i < lane->open.size();) {
            const QueuedPointer request = lane->open[i];
            if (request->deadline > now) {
                lane->earliest = std::min(lane->earliest, request->deadline);
                ++i;
            } else {  // another one takes its place
                late.push_back({request, lane->close(*request)});
                lane->counts->reject(Rejection::TimeOut);
            }
        }
    }
    return late;
}

BatchLane::Core::Task BatchLane::Core::take(Instant now) {
    for (std::size_t i = 0; i < lanes.size(); ++i) {
        const StatePointer& lane = lanes[(turn + i) % lanes.size()];
        Task task{lane, lane->queue.take(now)};
        if (task.batch.empty()) {
            continue;
        }
        turn = (turn + i + 1) % lanes.size();
        lane->note_waiting();
        for (const BatchSlice& slice : task.batch) {
            if (slice.first == 0) {
                slice.request->outcome.queue = now - slice.request->submitted;
            }
        }
        return task;
    }
    return {};
}

/// Runs a batch. If it fails, its requests run once more one by one: what one of them breaks is not
/// the others' fault. An engine that cannot take it now (Unavailable) is not asked again.
void BatchLane::Core::execute(const Task& task) {
    State& lane = *task.lane;
    const TensorModel& model = *lane.model->tensors();
    auto shares = call_model(model, task.batch, *lane.counts);
    if (!shares && task.batch.size() > 1 && shares.error().code != Code::Unavailable) {
        for (const BatchSlice& slice : task.batch) {
            auto alone = call_model(model, {&slice, 1}, *lane.counts);
            deliver(
                lane,
                slice,
                alone ? Result<BatchShare>(std::move(alone->front())) : std::move(alone).error()
            );
        }
        return;
    }
    for (std::size_t i = 0; i < task.batch.size(); ++i) {
        deliver(
            lane,
            task.batch[i],
            shares ? Result<BatchShare>(std::move((*shares)[i])) : Error(shares.error())
        );
    }
}

void BatchLane::Core::deliver(State& lane, const BatchSlice& slice, Result<BatchShare> share) {
    QueuedRequest& request = *slice.request;
    Answer answer;
    {
        const std::scoped_lock lock(mutex);
        if (request.answered) {
            return;  // cancelled, too late, or another piece has failed
        }
        if (share) {
            request.outcome.infer += share->infer;
            request.outcome.batch_rows = std::max(request.outcome.batch_rows, share->batch_rows);
            request.outcome.counts = share->counts;
            request.ready += slice.rows;
            request.parts.push_back({slice.first, std::move(share->tensors)});
            if (request.ready < request.rows) {
                return;
            }
        }
        answer = lane.close(request);
    }
    if (!share) {
        lane.counts->engine_failures.fetch_add(1, std::memory_order_relaxed);
        answer(std::move(share).error());
        return;
    }
    request.outcome.tensors = join_parts(request.parts);
    answer(std::move(request.outcome));
}

BatchLane::BatchLane(std::shared_ptr<Core> core, std::shared_ptr<State> state)
    : core_(std::move(core)), state_(std::move(state)) {}

BatchLane::~BatchLane() {
    const std::scoped_lock lock(core_->mutex);
    std::erase(core_->lanes, state_);
    core_->instances -= state_->queue.limits().instances;
    core_->turn = 0;
}

void BatchLane::submit(const QueuedPointer& request) {
    const Instant now = monotonic_now();
    request->submitted = now;
    const bool late = request->deadline <= now;
    {
        const std::scoped_lock lock(core_->mutex);
        if (!late && !core_->ending && state_->queue.push(request)) {
            state_->add(request);
            core_->wake(now);
            return;
        }
        request->answered = true;
    }
    state_->counts->reject(late ? Rejection::TimeOut : Rejection::Queue);
    const auto done = std::move(request->done);
    done(late ? timed_out(monotonic_now() - request->submitted, "before it waited") : refusal());
}

bool BatchLane::cancel(const QueuedPointer& request) {
    std::function<void(Result<BatchOutcome>)> never_called;  // released after the lock
    const std::scoped_lock lock(core_->mutex);
    if (request->answered) {
        return false;
    }
    never_called = state_->close(*request);
    return true;
}

std::int64_t BatchLane::waiting_requests() const {
    return state_->waiting_requests.load(std::memory_order_relaxed);
}

std::int64_t BatchLane::waiting_rows() const {
    return state_->waiting.load(std::memory_order_relaxed);
}

bool BatchLane::full() const {
    return waiting_rows() >= limits().queue_rows;
}

Error BatchLane::refusal() const {
    return too_many_wait(waiting_rows(), limits().queue_rows);
}

const BatchLimits& BatchLane::limits() const {
    return state_->queue.limits();
}

BatchThreads::BatchThreads() : core_(std::make_shared<BatchLane::Core>()) {}

BatchThreads::~BatchThreads() {
    {
        const std::scoped_lock lock(core_->mutex);
        core_->ending = true;
    }
    core_->work.notify_all();
    core_->clock.notify_all();
    for (std::thread& thread : core_->threads) {
        thread.join();
    }
    std::vector<BatchLane::Core::Late> left;
    {
        const std::scoped_lock lock(core_->mutex);
        for (const auto& lane : core_->lanes) {
            while (!lane->open.empty()) {
                const QueuedPointer request = lane->open.back();
                left.push_back({request, lane->close(*request)});
                lane->counts->reject(Rejection::Drain);
            }
        }
    }
    for (auto& one : left) {
        one.answer(make_error(Code::Unavailable, "Request was not run: the server is stopping"));
    }
}

std::shared_ptr<BatchLane> BatchThreads::open(
    std::shared_ptr<const Model> model,
    const BatchLimits& limits,
    std::shared_ptr<ServedCounts> counts
) const {
    CHECK(limits.batch_rows > 0 && limits.queue_rows > 0 && limits.instances > 0);
    auto state = std::make_shared<BatchLane::State>(limits, *model->tensors());
    state->model = std::move(model);
    state->counts = std::move(counts);
    const std::scoped_lock lock(core_->mutex);
    core_->lanes.push_back(state);
    core_->instances += limits.instances;
    while (core_->threads.size() < static_cast<std::size_t>(core_->instances) + 1) {
        core_->threads.emplace_back([core = core_.get()] { core->run(); });
        pthread_setname_np(core_->threads.back().native_handle(), "fw-batch");
    }
    return std::make_shared<BatchLane>(core_, std::move(state));
}

}  // namespace flywheel::serving
