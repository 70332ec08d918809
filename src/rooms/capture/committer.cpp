// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/committer.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/log.h"
#include "rooms/capture/frames/feedback_codec.h"
#include "rooms/capture/frames/prediction_codec.h"

namespace flywheel {

namespace {

/// A little less than a second, within which rows are to be seen.
constexpr std::chrono::milliseconds kOsSyncEvery{900};

std::size_t payload_bytes(const std::vector<Frame>& frames) {
    std::size_t bytes = 0;
    for (const Frame& frame : frames) {
        bytes += frame.payload.size();
    }
    return bytes;
}

std::uint64_t rows_in(const std::vector<Frame>& frames) {
    std::uint64_t rows = 0;
    for (const Frame& frame : frames) {
        const auto contents = contents_of(frame);
        rows += contents ? contents->rows : 0;
    }
    return rows;
}

}  // namespace

Result<void> Committer::commit(Durability durability) {
    Result<void> written;
    {
        const std::lock_guard lock(mutex_);
        written = commit_locked(durability);
    }
    waiters_.tell();
    return written;
}

Result<FeedbackReceipt> Committer::submit(std::vector<Feedback> feedback) {
    if (watch_.refuses_feedback()) {
        return make_error(
            Code::Unavailable,
            "The disk has no room for feedback; make room or raise capture.disk_max_gib"
        );
    }
    Ticket ticket;
    ticket.feedback = std::move(feedback);
    {
        const std::lock_guard lock(queue_mutex_);
        queue_.push_back(&ticket);
    }
    {
        const std::lock_guard lock(mutex_);
        if (!ticket.done) {
            // Its outcome is in the ticket; the rows of others stay pending if it failed.
            static_cast<void>(commit_locked(Durability::Synced));
        }
    }
    waiters_.tell();
    return std::move(ticket.receipt);
}

Result<void> Committer::commit_once(Durability durability, bool& all_taken) {
    std::vector<Ticket*> tickets;
    {
        const std::lock_guard lock(queue_mutex_);
        tickets.swap(queue_);
    }
    waiters_.begin();
    const auto begun = monotonic_now();
    watch_pressure();
    all_taken = drain();
    const std::size_t row_frames = pending_.size();
    stage(tickets);
    pending_bytes_ = payload_bytes(pending_);
    if (pending_.empty()) {
        answer(tickets, {});
        waiters_.settle(all_taken, {});
        return {};
    }
    const bool said = pending_.size() > row_frames;
    auto written = write(said || waiters_.any() || sync_is_due(durability));
    if (!written) {
        ++counters_.failed_groups;
        counters_.failure = written.error().message;
        known_.undo();
        pending_.resize(row_frames);
        pending_bytes_ = payload_bytes(pending_);
    }
    answer(tickets, written);
    waiters_.settle(all_taken, written);
    const auto took = std::chrono::duration_cast<Duration>(monotonic_now() - begun).count();
    counters_.flush.add(static_cast<std::uint64_t>(took));
    return written;
}

void Committer::answer(std::vector<Ticket*>& tickets, const Result<void>& written) {
    for (Ticket* ticket : tickets) {
        ticket->done = true;
        if (!written) {
            ticket->receipt = written.error();
            continue;
        }
        ticket->receipt = ticket->wanted;
        counters_.feedback_accepted += static_cast<std::uint64_t>(ticket->wanted.accepted);
        counters_.feedback_duplicate += static_cast<std::uint64_t>(ticket->wanted.duplicate);
    }
}

/// Moves buffered rows into frames behind those that wait. False: some found no room.
bool Committer::drain() {
    const std::size_t waiting = pending_bytes_ - pending_large_;
    auto drained = parts_.buffers.drain(bound() - std::min(bound(), waiting));
    std::size_t large = 0;
    for (const std::string& payload : drained.rows.large) {
        large += payload.size();
    }
    const std::size_t stored = writer_.encode(drained.rows, pending_);
    parts_.buffers.reuse(std::move(drained.rows.frames));
    pending_large_ += stored;
    parts_.buffers.release_large(large - std::min(large, stored));
    return drained.complete;
}

/// Encodes what is new of the tickets into frames behind those of the rows.
void Committer::stage(std::vector<Ticket*>& tickets) {
    std::string payload;
    const auto finish = [&] {
        if (!payload.empty()) {
            Frame& frame = pending_.emplace_back();
            frame.kind = FrameKind::Feedback;
            frame.payload.swap(payload);
        }
    };
    for (Ticket* ticket : tickets) {
        for (Feedback& said : ticket->feedback) {
            const auto outcome = plan_.redaction.apply(said);
            counters_.redacted += outcome != Redaction::Outcome::Unchanged ? 1 : 0;
            counters_.redaction_failures += outcome == Redaction::Outcome::Failed ? 1 : 0;
            load_known(said.model);
            if (!known_.take(said)) {
                ++ticket->wanted.duplicate;
                continue;
            }
            ++ticket->wanted.accepted;
            if (payload.empty()) {
                begin_rows(payload, FrameKind::Feedback);
            }
            append_feedback(payload, said);
            if (payload.size() >= RowBuffers::kFrameBytes) {
                finish();
            }
        }
    }
    finish();
}

bool Committer::sync_is_due(Durability durability) const {
    return durability == Durability::Synced || plan_.sync != SyncMode::Os ||
           monotonic_now() - synced_at_ >= kOsSyncEvery || pending_bytes_ >= bound() / 2;
}

/// Bytes of rows that may wait for the disk outside of the buffers.
std::size_t Committer::bound() const {
    return RowBuffers::kBuffers * plan_.buffer_bytes;
}

/// Rows wait in two places, one behind the other; full means that both are, or that the first is
/// while the journal refuses what is in the second: a busy thread's rows may be too many to go
/// there whole.
void Committer::watch_pressure() {
    const std::size_t waiting = pending_bytes_ - pending_large_;
    const double pending = static_cast<double>(waiting) / static_cast<double>(bound());
    const double buffers = parts_.buffers.fullness();
    const bool stuck = !pending_.empty() && buffers >= 1;
    watch_.look(stuck ? 1.0 : std::min(1.0, pending) / 2 + buffers / 2);
}

/// A journal that failed goes on in a new segment, so that the second try is worth it.
Result<void> Committer::write(bool synced) {
    auto written = write_once(synced);
    if (!written) {
        places_.clear();
        written = write_once(synced);
    }
    if (!written) {
        places_.clear();
        return written;
    }
    if (synced) {
        publish();
    }
    return {};
}

Result<void> Committer::write_once(bool synced) {
    if (places_.empty()) {
        places_ = TRY(parts_.journal.append(pending_));
    } else if (places_.size() < pending_.size()) {
        const auto done = static_cast<std::ptrdiff_t>(places_.size());
        const std::vector<Frame> rest(pending_.begin() + done, pending_.end());
        const auto places = TRY(parts_.journal.append(rest));
        places_.insert(places_.end(), places.begin(), places.end());
    }
    if (synced) {
        TRY(parts_.journal.sync());
        synced_at_ = monotonic_now();
    }
    return {};
}

/// What is durable becomes visible.
void Committer::publish() {
    known_.keep();
    for (std::size_t i = 0; i < pending_.size(); ++i) {
        auto contents = contents_of(pending_[i]);
        CHECK(contents.has_value());  // encoded by this room a moment ago
        if (pending_[i].kind == FrameKind::Predictions) {
            counters_.captured += contents->rows;
            orphans_.found(contents->keys);
        }
        parts_.index.add(places_[i], pending_[i].kind, *std::move(contents));
    }
    for (const Frame& frame : pending_) {
        if (frame.kind == FrameKind::Feedback) {
            CHECK(each_row(frame, [&](StoredRow bytes) -> Result<void> {
                      const Feedback said = TRY(decode_feedback(bytes));
                      counters_.feedback.add(said);
                      orphans_.note(said, parts_.index);
                      return {};
                  }).has_value());  // encoded by this room a moment ago
        }
    }
    counters_.bytes += pending_bytes_;
    counters_.groups = ++groups_;
    counters_.failure.clear();
    forget_pending();
}

void Committer::forget_pending() {
    pending_.clear();
    places_.clear();
    pending_bytes_ = 0;
    parts_.buffers.release_large(std::exchange(pending_large_, 0));
}

/// What was said before this start and is in the columns already.
void Committer::load_known(const std::string& model) {
    if (std::exchange(known_loaded_[model], true)) {
        return;
    }
    std::vector<Feedback> stored;
    const auto scanned = parts_.columns.scan_feedback(
        model,
        {Time::min(), Time::max()},
        [&](const Feedback& said) -> Result<void> {
            stored.push_back(said);
            return {};
        }
    );
    if (!scanned) {
        // Not fatal: feedback that is repeated would only be kept twice.
        log_warn("capture.feedback_unreadable", {{"reason", scanned.error().message}});
    }
    std::ranges::stable_sort(stored, {}, &Feedback::arrived);
    known_.fill(stored);
}

Result<void> Committer::write_erasures(const std::vector<Erasure>& erasures) {
    const std::lock_guard lock(mutex_);
    TRY(commit_locked(Durability::Synced));  // whom it settles, the next commit tells
    writer_.forget_payloads();
    pending_.push_back(erase_frame(erasures));
    auto written = write(true);
    if (!written) {
        pending_.clear();  // nothing else waits
        places_.clear();
    }
    return written;
}

Result<void> Committer::seal() {
    Result<void> sealed;
    {
        const std::lock_guard lock(mutex_);
        sealed = commit_locked(Durability::Synced);
        if (sealed) {
            sealed = parts_.journal.seal();
        }
    }
    waiters_.tell();
    return sealed;
}

Result<void> Committer::seal_payloads() {
    const std::lock_guard lock(mutex_);
    TRY(commit_locked(Durability::Synced));
    writer_.forget_payloads();
    return parts_.journal.seal();
}

void Committer::give_up() {
    {
        const std::lock_guard lock(mutex_);
        drain();
        counters_.dropped_error += rows_in(pending_);
        const bool lost = !pending_.empty();
        forget_pending();
        const Error stopped = make_error(Code::Unavailable, "Capture has stopped");
        waiters_.begin();
        waiters_.settle(true, lost ? Result<void>(stopped) : Result<void>());
    }
    waiters_.tell();
}

Result<void> Committer::recover(FrameFound&& found) {
    if (found.kind == FrameKind::Erase) {
        const auto erasures = TRY(erasures_of(found.frame));
        for (const Erasure& erasure : erasures) {
            parts_.erased.add(erasure);
        }
    }
    const std::lock_guard lock(mutex_);
    parts_.index.add(found.place, found.kind, std::move(found.contents));
    if (found.kind == FrameKind::Payload) {
        return each_payload(found.frame, [&](const PayloadView& payload) {
            writer_.remember(payload);
            return Result<void>();
        });
    }
    if (found.kind != FrameKind::Feedback) {
        return {};
    }
    return each_row(found.frame, [&](StoredRow bytes) -> Result<void> {
        const Feedback said = TRY(decode_feedback(bytes));
        orphans_.note(said, parts_.index);
        known_.take(said);
        known_.keep();
        return {};
    });
}

void Committer::with_orphans(const std::function<void(Orphans&, const JournalIndex&)>& visit) {
    const std::lock_guard lock(mutex_);
    visit(orphans_, parts_.index);
}

void Committer::count(CaptureCounters& out) const {
    const RowTally tally = parts_.buffers.tally();
    const std::size_t waiting = parts_.buffers.waiting_bytes();
    const std::lock_guard lock(mutex_);
    out = counters_;
    out.sampled_away = tally.sampled_away;
    out.dropped_buffer = tally.dropped_buffer;
    out.dropped_disk = tally.dropped_disk;
    out.dropped = out.dropped_buffer + out.dropped_disk + out.dropped_error;
    out.recorded = out.sampled_away + out.dropped_buffer + out.dropped_disk;
    for (std::size_t rule = 0; rule < tally.kept.size(); ++rule) {
        out.kept.emplace_back(plan_.policy.rules()[rule], tally.kept[rule]);
        out.recorded += tally.kept[rule];
    }
    out.level = parts_.pressure.level();
    out.level_changes = parts_.pressure.changes();
    out.payloads_left_out = tally.payloads_left_out;
    const WriterTally& written = writer_.tally();
    out.redacted += written.redacted;
    out.redaction_failures += written.redaction_failures;
    out.payloads_stored = written.payloads_stored;
    out.payloads_known = written.payloads_known;
    out.orphans = orphans_.size();
    out.feedback_expired = orphans_.expired();
    out.memory_bytes = waiting + pending_bytes_ - pending_large_;
}

}  // namespace flywheel
