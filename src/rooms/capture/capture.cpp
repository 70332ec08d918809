// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/capture.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "rooms/capture/captured_reader.h"
#include "rooms/capture/column_roller.h"
#include "rooms/capture/committer.h"
#include "rooms/capture/staging/row_intake.h"

namespace flywheel {

namespace {

constexpr std::chrono::milliseconds kRetryEvery{200};

/// The request whose rows this thread handed over last: was one dropped? Who is refused never asks
/// for its rows, and must not spoil the next request.
struct LastRequest {
    Uuid id;
    bool dropped = false;
};

thread_local LastRequest last_request;

}  // namespace

/// All that capture consists of; its address stays, so that parts can refer to each other.
class Capture::State {
  public:
    State(Plan plan, Journal& journal, Columns& columns, const Clock& clock)
        : plan_(std::move(plan)),
          journal_(journal),
          columns_(columns),
          clock_(clock),
          buffers_(plan_.buffer_bytes, plan_.policy.rules().size()),
          intake_(
              {plan_.policy, plan_.key, plan_.instance, plan_.key_rows_per_hour},
              buffers_,
              pressure_
          ),
          committer_(plan_, {journal, columns, buffers_, index_, pressure_, erased_}),
          reader_(journal, columns, index_, erased_),
          roller_(plan_, {journal, columns, clock, index_, erased_, committer_, reader_}) {}

    State(const State&) = delete;
    State& operator=(const State&) = delete;

    ~State() { static_cast<void>(stop()); }

    Result<void> recover() {
        const auto segments = TRY(journal_.sealed());
        std::vector<std::uint64_t> held;
        for (const auto segment : segments) {
            if (TRY(columns_.has_segment(segment))) {
                TRY(journal_.drop(segment));  // died between writing the columns and this
                continue;
            }
            held.push_back(segment);
        }
        return look_into_segments(journal_, held, [this](FrameFound&& found) {
            return committer_.recover(std::move(found));
        });
    }

    void start() {
        CHECK(!writer_.joinable());
        writer_ = std::thread([this] { run(); });
    }

    Result<void> stop() {
        {
            const std::lock_guard lock(wake_mutex_);
            if (std::exchange(stopping_, true)) {
                return {};
            }
        }
        wake_.notify_all();
        if (writer_.joinable()) {
            writer_.join();
        }
        buffers_.close();
        auto sealed = committer_.seal();
        committer_.give_up();
        return sealed;
    }

    void record(Prediction&& row) {
        if (!plan_.rows) {
            return;
        }
        if (const Uuid request = row.id.uuid.with_row(0); request != last_request.id) {
            last_request = {request, false};
        }
        const auto outcome = intake_.take(std::move(row));
        last_request.dropped = last_request.dropped || outcome == RowIntake::Outcome::Dropped;
        if (outcome == RowIntake::Outcome::TakenHalfFull) {
            nudge();
        }
    }

    void when_durable(std::function<void(Result<void>)> then) {
        const bool dropped = std::exchange(last_request.dropped, false);
        if (plan_.sync != SyncMode::Answer) {
            then({});
        } else if (dropped) {
            then(make_error(
                Code::Unavailable, "The request was answered, but its rows could not be captured"
            ));
        } else {
            committer_.wait(std::move(then));
            nudge();
        }
    }

    [[nodiscard]] bool takes_rows() const { return plan_.rows; }

    [[nodiscard]] bool answers_wait() const { return plan_.sync == SyncMode::Answer; }

    Result<RollReport> roll() { return roller_.roll(); }

    Result<EraseReport> erase(std::string_view subject) {
        return roller_.erase({plan_.key.hmac(subject), clock_.now()});
    }

    [[nodiscard]] CaptureCounters counters() const {
        CaptureCounters counters;
        committer_.count(counters);
        roller_.count(counters);
        counters.journal = journal_.health();
        counters.quota_keys = intake_.scaled_keys(clock_.now());
        if (const auto oldest = index_.oldest()) {
            const std::chrono::duration<double> age = clock_.now() - *oldest;
            counters.roll_lag_seconds = std::max(0.0, age.count());
        }
        return counters;
    }

    Committer& committer() { return committer_; }

    [[nodiscard]] const CapturedReader& reader() const { return reader_; }

    void set_incident(bool open) { intake_.set_incident(open); }

    PressureLevel worst_level() { return pressure_.worst_since_asked(); }

  private:
    /// Wakes the writer before its interval is over.
    void nudge() {
        {
            const std::lock_guard lock(wake_mutex_);
            nudged_ = true;
        }
        wake_.notify_one();
    }

    /// The writer thread.
    void run() {
        auto written_at = monotonic_now();
        std::uint64_t groups = committer_.groups();
        bool was_failing = false;
        while (!wait_for_work(was_failing)) {
            auto committed = committer_.commit(Committer::Durability::AsPlanned);
            if (std::exchange(groups, committer_.groups()) != groups) {
                written_at = monotonic_now();
            }
            const bool idle = monotonic_now() - written_at > plan_.seal_when_idle;
            if (committed && idle && journal_.open_segment() != 0) {
                committed = committer_.seal();
                written_at = monotonic_now();
            }
            tell_change(committed, was_failing);
        }
    }

    /// Nobody reads the writer's errors, so a change is logged, once.
    void tell_change(const Result<void>& committed, bool& was_failing) {
        if (!committed && !was_failing) {
            log_error("capture.journal_refuses", {{"reason", committed.error().message}});
        }
        if (committed && was_failing) {
            log_info("capture.journal_recovered");
        }
        was_failing = !committed;
    }

    /// True when the writer shall end.
    bool wait_for_work(bool failing) {
        std::unique_lock lock(wake_mutex_);
        const auto interval = failing ? kRetryEvery : plan_.flush_interval;
        wake_.wait_for(lock, interval, [&] { return stopping_ || (nudged_ && !failing); });
        nudged_ = false;
        return stopping_;
    }

    const Plan plan_;
    Journal& journal_;
    Columns& columns_;
    const Clock& clock_;

    RowBuffers buffers_;
    Pressure pressure_;
    RowIntake intake_;
    JournalIndex index_;
    ErasedSubjects erased_;
    Committer committer_;
    CapturedReader reader_;
    ColumnRoller roller_;

    std::mutex wake_mutex_;
    std::condition_variable wake_;
    bool nudged_ = false;
    bool stopping_ = false;
    std::thread writer_;
};

Result<std::unique_ptr<Capture>> Capture::open(
    Plan plan, Journal& journal, Columns& columns, const Clock& clock
) {
    auto state = std::make_unique<State>(std::move(plan), journal, columns, clock);
    TRY(state->recover());
    // The constructor is private, so make_unique cannot reach it.
    return std::unique_ptr<Capture>(new Capture(std::move(state)));  // NOLINT
}

Capture::Capture(std::unique_ptr<State> state) : state_(std::move(state)) {}

Capture::~Capture() = default;

void Capture::start() {
    state_->start();
}

Result<void> Capture::stop() {
    return state_->stop();
}

void Capture::record(Prediction&& row) {
    state_->record(std::move(row));
}

bool Capture::takes_rows() const {
    return state_->takes_rows();
}

bool Capture::answers_wait() const {
    return state_->answers_wait();
}

void Capture::when_durable(std::function<void(Result<void>)> then) {
    state_->when_durable(std::move(then));
}

Result<FeedbackReceipt> Capture::submit_feedback(std::vector<Feedback> feedback) {
    return state_->committer().submit(std::move(feedback));
}

Result<RollReport> Capture::roll() {
    return state_->roll();
}

Result<EraseReport> Capture::erase(std::string_view subject) {
    return state_->erase(subject);
}

Result<void> Capture::seal() {
    return state_->committer().seal();
}

Result<std::vector<CapturedPayload>> Capture::recent_payloads(
    const std::string& model, std::size_t most
) const {
    return state_->reader().recent_payloads(model, most);
}

Result<std::vector<Prediction>> Capture::predictions(const std::string& model, TimeRange range)
    const {
    return state_->reader().predictions(model, range);
}

Result<RowSample> Capture::sample(const SampleWish& wish) const {
    return state_->reader().sample(wish);
}

Result<std::vector<Feedback>> Capture::feedback(const std::string& model, TimeRange arrived) const {
    return state_->reader().feedback(model, arrived);
}

Result<void> Capture::each_prediction(
    const std::string& model,
    TimeRange range,
    RowParts parts,
    const std::function<Result<void>(const Prediction&)>& visit
) const {
    return state_->reader().each_prediction(model, range, parts, visit);
}

Result<void> Capture::each_feedback(
    const std::string& model,
    TimeRange arrived,
    const std::function<Result<void>(const Feedback&)>& visit
) const {
    return state_->reader().each_feedback(model, arrived, visit);
}

Result<CapturedRequest> Capture::find(const std::string& model, const std::string& id) const {
    return state_->reader().find(model, id);
}

Result<void> Capture::flush() const {
    return state_->committer().commit(Committer::Durability::Synced);
}

void Capture::set_incident(bool open) {
    state_->set_incident(open);
}

PressureLevel Capture::worst_level() {
    return state_->worst_level();
}

CaptureCounters Capture::counters() const {
    return state_->counters();
}

}  // namespace flywheel
