// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/capture.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "base/log.h"
#include "rooms/capture/captured_reader.h"
#include "rooms/capture/committer.h"

namespace flywheel {

namespace {

constexpr std::chrono::milliseconds kRetryEvery{200};

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
          rolled_({.ids = plan_.remembered}, columns),
          committer_(plan_, {journal, columns, buffers_, index_, pressure_, erased_}),
          reader_(journal, columns, index_, rolled_, erased_) {}

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
        if (pressure_.refuses_rows()) {
            buffers_.pass_over(RowBuffers::Reason::Disk);
            return;
        }
        const auto verdict = plan_.policy.judge(row, pressure_.factor(), incident_);
        if (!verdict.kept) {
            buffers_.pass_over(RowBuffers::Reason::SampledAway);
            return;
        }
        // What serving sampled itself (a share of shadows) is in the row already.
        row.propensity *= verdict.probability;
        row.policy = plan_.policy.rules()[verdict.rule];
        if (!row.raw_subject.empty()) {
            row.subject = plan_.key.hmac(row.raw_subject);
        }
        if (pressure_.thins()) {
            thin(row);
        }
        if (buffers_.add(std::move(row), verdict.rule) == RowBuffers::Outcome::StoredHalfFull) {
            {
                const std::lock_guard lock(wake_mutex_);
                nudged_ = true;
            }
            wake_.notify_one();
        }
    }

    Result<RollReport> roll() {
        const std::lock_guard lock(roll_mutex_);
        if (const auto open = journal_.open_segment();
            open != 0 && index_.rows(open) >= plan_.roll_rows) {
            TRY(committer_.seal());
        }
        RollReport report;
        const auto segments = TRY(journal_.sealed());
        for (const auto segment : segments) {
            TRY(roll_segment(segment, report));
        }
        TRY(erase_rolled());
        const Time now = clock_.now();
        TRY(committer_.recheck_orphans(reader_, now));
        if (const auto today = std::chrono::floor<std::chrono::days>(now); today != kept_on_) {
            report.upkeep = TRY(keep_columns(columns_, plan_.lifetimes, now));
            expired_rows_ += report.upkeep.predictions_removed + report.upkeep.feedback_removed;
            kept_on_ = today;
        }
        return report;
    }

    Result<EraseReport> erase(std::string_view subject) {
        const Erasure erasure{plan_.key.hmac(subject), clock_.now()};
        TRY(committer_.write_erasures({erasure}));
        erased_.add(erasure);
        TRY(committer_.seal());
        const std::lock_guard lock(roll_mutex_);
        columns_clean_ = false;
        RollReport rolled;
        const auto segments = TRY(journal_.sealed());
        for (const auto segment : segments) {
            TRY(roll_segment(segment, rolled));
        }
        EraseReport report = TRY(erase_rolled());
        report.subject = erasure.subject;
        report.until = erasure.until;
        return report;
    }

    [[nodiscard]] CaptureCounters counters() const {
        CaptureCounters counters;
        committer_.count(counters);
        counters.rolled_segments = rolled_segments_;
        counters.rolled_rows = rolled_rows_;
        counters.expired_rows = expired_rows_;
        counters.journal = journal_.health();
        return counters;
    }

    Committer& committer() { return committer_; }

    [[nodiscard]] const CapturedReader& reader() const { return reader_; }

    [[nodiscard]] Time now() const { return clock_.now(); }

    void set_incident(bool open) { incident_ = open; }

  private:
    void thin(Prediction& row) const {
        row.thin = true;
        if (!plan_.policy.keeps_payload(row.id)) {
            row.payload = std::string();
            row.embedding = {};
        }
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

    /// Columns first, then the index, then the journal: readers look at them in the other order.
    Result<void> roll_segment(std::uint64_t segment, RollReport& report) {
        if (!TRY(columns_.has_segment(segment))) {
            if (only_erasures_.contains(segment)) {
                return {};
            }
            const SegmentRows rows = TRY(rows_of_segment(journal_, segment));
            if (!rows.erasures.empty() && rows.predictions.empty() && rows.feedback.empty()) {
                only_erasures_.insert(segment);  // stays in the journal
                return {};
            }
            if (!rows.erasures.empty()) {
                TRY(committer_.write_erasures(rows.erasures));
            }
            const bool to_erase = std::ranges::any_of(rows.predictions, [&](const Prediction& row) {
                return erased_.covers(row);
            });
            columns_clean_ = columns_clean_ && !to_erase;
            rolled_.remember(std::span<const Prediction>(rows.predictions));
            rolled_.remember(std::span<const Feedback>(rows.feedback));
            TRY(columns_.write_segment(segment, rows.predictions, rows.feedback));
            ++report.segments;
            report.predictions += rows.predictions.size();
            report.feedback += rows.feedback.size();
            ++rolled_segments_;
            rolled_rows_ += rows.predictions.size();
        }
        index_.forget(segment);
        return journal_.drop(segment);
    }

    /// Rows of erased subjects that reached the columns go. Once a start, and after each erasure.
    Result<EraseReport> erase_rolled() {
        if (columns_clean_ || erased_.empty()) {
            return EraseReport{};
        }
        auto report = TRY(erase_from_columns(columns_, erased_, plan_.forget));
        columns_clean_ = true;
        return report;
    }

    const Plan plan_;
    Journal& journal_;
    Columns& columns_;
    const Clock& clock_;

    RowBuffers buffers_;
    Pressure pressure_;
    std::atomic<bool> incident_ = false;
    JournalIndex index_;
    ErasedSubjects erased_;
    RolledRows rolled_;
    Committer committer_;
    CapturedReader reader_;

    std::mutex roll_mutex_;  ///< Guards the three that follow.
    bool columns_clean_ = false;
    std::optional<std::chrono::sys_days> kept_on_;  ///< When the columns were last looked after.
    std::set<std::uint64_t> only_erasures_;
    std::atomic<std::uint64_t> rolled_segments_ = 0;
    std::atomic<std::uint64_t> rolled_rows_ = 0;
    std::atomic<std::uint64_t> expired_rows_ = 0;

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

Result<std::vector<Prediction>> Capture::predictions(const std::string& model, TimeRange range)
    const {
    return state_->reader().predictions(model, range);
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
    return state_->reader().find(model, id, state_->now());
}

Result<void> Capture::flush() const {
    return state_->committer().commit(Committer::Durability::Synced);
}

void Capture::set_incident(bool open) {
    state_->set_incident(open);
}

CaptureCounters Capture::counters() const {
    return state_->counters();
}

}  // namespace flywheel
