#pragma once
// SPDX-License-Identifier: Apache-2.0
// Committer: group commit. Whoever calls commit() takes all buffered rows and all feedback that
// waits, appends them as one group, syncs, and puts them into the index; callers that come
// meanwhile find their feedback done. What cannot be written stays in memory up to a bound. Any
// thread.

#include <atomic>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "rooms/capture/capture.h"
#include "rooms/capture/captured_reader.h"
#include "rooms/capture/durable_waiters.h"
#include "rooms/capture/intake/pressure_watch.h"
#include "rooms/capture/known_feedback.h"
#include "rooms/capture/orphans.h"
#include "rooms/capture/staging/row_buffers.h"
#include "rooms/capture/staging/row_writer.h"

namespace flywheel {

/// The parts of capture that a commit works on; all outlive the committer.
struct CommitParts {
    Journal& journal;
    const Columns& columns;
    RowBuffers& buffers;
    JournalIndex& index;
    Pressure& pressure;
    ErasedSubjects& erased;
};

class Committer {
  public:
    Committer(const Capture::Plan& plan, CommitParts parts)
        : plan_(plan),
          parts_(parts),
          writer_(plan.redaction),
          watch_(parts.pressure, plan.disk, plan.feedback_reserve),
          known_(plan.remembered) {}

    enum class Durability { AsPlanned, Synced };

    /// Writes what waits. After an error it still waits, and feedback that was part of it is
    /// refused.
    Result<void> commit(Durability durability);

    /// Calls `then` when all rows that the buffers hold now are durable, or when they are not.
    void wait(DurableWaiters::Waiter then) { waiters_.add(std::move(then)); }

    /// As FeedbackSink::submit_feedback.
    Result<FeedbackReceipt> submit(std::vector<Feedback> feedback);
    /// Writes an erase frame and makes it durable, together with all that waits. Rows that come
    /// later bring their payloads again.
    Result<void> write_erasures(const std::vector<Erasure>& erasures);
    /// Seals the open segment, after commit().
    Result<void> seal();
    /// As seal(); rows that come later bring their payloads again.
    Result<void> seal_payloads();
    /// Counts everything that still waits as dropped.
    void give_up();

    /// At open: a frame that the journal holds already.
    Result<void> recover(FrameFound&& found);
    /// Calls `visit` with the orphans and the index, while nothing is committed.
    void with_orphans(const std::function<void(Orphans&, const JournalIndex&)>& visit);

    /// Its part of the counters.
    void count(CaptureCounters& out) const;

    /// Groups made durable so far.
    [[nodiscard]] std::uint64_t groups() const { return groups_.load(); }

  private:
    /// One call of submit(), on its caller's stack.
    struct Ticket {
        std::vector<Feedback> feedback;
        bool done = false;
        Result<FeedbackReceipt> receipt = FeedbackReceipt{};
        FeedbackReceipt wanted;
    };

    /// After a time in which the journal refused, rows wait in two places: what is pending goes
    /// first and makes room for what is in the buffers. An empty place takes all of it: this ends.
    Result<void> commit_locked(Durability durability) {
        bool all_taken = false;
        while (!all_taken) {
            TRY(commit_once(durability, all_taken));
        }
        return {};
    }

    Result<void> commit_once(Durability durability, bool& all_taken);
    void stage(std::vector<Ticket*>& tickets);
    bool drain();
    void forget_pending();
    void answer(std::vector<Ticket*>& tickets, const Result<void>& written);
    Result<void> write(bool synced);
    Result<void> write_once(bool synced);
    void publish();
    void load_known(const std::string& model);
    [[nodiscard]] bool sync_is_due(Durability durability) const;
    void watch_pressure();
    [[nodiscard]] std::size_t bound() const;

    const Capture::Plan& plan_;
    const CommitParts parts_;

    mutable std::mutex queue_mutex_;
    std::vector<Ticket*> queue_;
    DurableWaiters waiters_;

    mutable std::mutex mutex_;        ///< One commit at a time; guards what follows.
    std::vector<Frame> pending_;      ///< Not yet durable.
    std::vector<FramePlace> places_;  ///< Of those frames that are appended; shorter than pending_.
    std::size_t pending_bytes_ = 0;
    std::size_t pending_large_ = 0;  ///< Of these, bytes of large payloads.
    RowWriter writer_;
    std::chrono::steady_clock::time_point synced_at_;
    PressureWatch watch_;
    KnownFeedback known_;
    std::unordered_map<std::string, bool> known_loaded_;
    Orphans orphans_;
    CaptureCounters counters_;
    std::atomic<std::uint64_t> groups_ = 0;
};

}  // namespace flywheel
