// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/committer.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "base/log.h"
#include "rooms/capture/captured_keys.h"
#include "rooms/capture/feedback_codec.h"
#include "rooms/capture/prediction_codec.h"

namespace flywheel {

namespace {

constexpr std::chrono::seconds kOsSyncEvery{1};
constexpr std::chrono::seconds kDiskEvery{1};
constexpr std::size_t kOrphansMax = 100'000;
constexpr int kOrphanChecksMax = 256;

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
    const std::lock_guard lock(mutex_);
    return commit_locked(durability);
}

Result<FeedbackReceipt> Committer::submit(std::vector<Feedback> feedback) {
    if (disk_over_reserve_) {
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
    const std::lock_guard lock(mutex_);
    if (!ticket.done) {
        // Its outcome is in the ticket; the rows of others stay pending if it failed.
        static_cast<void>(commit_locked(Durability::Synced));
    }
    return std::move(ticket.receipt);
}

Result<void> Committer::commit_locked(Durability durability) {
    std::vector<Ticket*> tickets;
    {
        const std::lock_guard lock(queue_mutex_);
        tickets.swap(queue_);
    }
    const auto begun = monotonic_now();
    watch_pressure();
    const std::size_t redacted_frames = pending_.size();
    parts_.buffers.drain(pending_, bound() - std::min(bound(), pending_bytes_));
    redact(redacted_frames);
    const std::size_t row_frames = pending_.size();
    stage(tickets);
    pending_bytes_ = payload_bytes(pending_);
    if (pending_.empty()) {
        answer(tickets, {});
        return {};
    }
    const bool said = pending_.size() > row_frames;
    auto written = write(said || sync_is_due(durability));
    if (!written) {
        ++counters_.failed_groups;
        counters_.failure = written.error().message;
        known_.undo();
        pending_.resize(row_frames);
        pending_bytes_ = payload_bytes(pending_);
    }
    answer(tickets, written);
    const auto took = std::chrono::duration_cast<Duration>(monotonic_now() - begun).count();
    counters_.flush_us_total += static_cast<std::uint64_t>(took);
    counters_.flush_us_max = std::max(counters_.flush_us_max, static_cast<std::uint64_t>(took));
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

/// Rows drained just now, from frame `first` on, lose what must not be written.
void Committer::redact(std::size_t first) {
    if (plan_.redaction.empty() || first == pending_.size()) {
        return;
    }
    const auto begin = pending_.begin() + static_cast<std::ptrdiff_t>(first);
    const std::vector<Frame> frames(
        std::make_move_iterator(begin), std::make_move_iterator(pending_.end())
    );
    pending_.erase(begin, pending_.end());
    const auto take = [&](StoredRow stored) -> Result<void> {
        Prediction row = TRY(decode_prediction(stored));
        const auto outcome = plan_.redaction.apply(row);
        counters_.redacted += outcome != Redaction::Outcome::Unchanged ? 1 : 0;
        counters_.redaction_failures += outcome == Redaction::Outcome::Failed ? 1 : 0;
        const std::size_t bytes = prediction_bytes(row);
        if (pending_.size() == first ||
            pending_.back().payload.size() + bytes > RowBuffers::kFrameBytes) {
            begin_rows(pending_.emplace_back().payload, FrameKind::Predictions);
        }
        append_prediction(pending_.back().payload, row);
        return {};
    };
    for (const Frame& frame : frames) {
        CHECK(each_row(frame, take).has_value());  // encoded by this room a moment ago
    }
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
    return durability == Durability::Synced || plan_.sync == SyncMode::Interval ||
           monotonic_now() - synced_at_ >= kOsSyncEvery || pending_bytes_ >= bound() / 2;
}

/// Bytes of rows that may wait for the disk outside of the buffers.
std::size_t Committer::bound() const {
    return RowBuffers::kBuffers * plan_.buffer_bytes;
}

void Committer::watch_pressure() {
    const auto now = monotonic_now();
    if (plan_.disk &&
        (disk_seen_at_ == decltype(now)::min() || now - disk_seen_at_ >= kDiskEvery)) {
        disk_ = plan_.disk();
        disk_seen_at_ = now;
        disk_over_reserve_ = disk_.limit > 0 && disk_.used > disk_.limit + plan_.feedback_reserve;
    }
    const double pending = static_cast<double>(pending_bytes_) / static_cast<double>(bound());
    const double disk =
        disk_.limit == 0 ? 0 : static_cast<double>(disk_.used) / static_cast<double>(disk_.limit);
    // Rows wait in two places, one behind the other; full means that both are.
    const PressureReading reading{
        std::min(1.0, pending) / 2 + parts_.buffers.fullness() / 2, disk, disk_.no_space
    };
    if (parts_.pressure.observe(now, reading)) {
        log_warn(
            "capture.pressure",
            {{"level", std::to_string(static_cast<int>(parts_.pressure.level()))},
             {"buffers", fmt::format("{:.2f}", reading.buffers)},
             {"disk", fmt::format("{:.2f}", reading.disk)}}
        );
    }
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
            for (auto key = contents->keys.begin();
                 !orphans_.empty() && key != contents->keys.end();
                 ++key) {
                orphans_.erase(*key);
            }
        }
        parts_.index.add(places_[i], pending_[i].kind, *std::move(contents));
    }
    for (const Frame& frame : pending_) {
        if (frame.kind == FrameKind::Feedback) {
            note_orphans(frame);
        }
    }
    counters_.bytes += pending_bytes_;
    counters_.groups = ++groups_;
    counters_.failure.clear();
    pending_.clear();
    places_.clear();
    pending_bytes_ = 0;
}

void Committer::note_orphans(const Frame& frame) {
    const auto note = [&](StoredRow bytes) -> Result<void> {
        const Feedback said = TRY(decode_feedback(bytes));
        const std::vector<std::uint64_t> keys = {key_of(said.model, said.target)};
        if (orphans_.size() < kOrphansMax &&
            parts_.index.find(FrameKind::Predictions, keys).empty()) {
            orphans_.try_emplace(keys[0], Orphan{said.model, said.target, false});
        }
        return {};
    };
    CHECK(each_row(frame, note).has_value());  // it was decoded before
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
    TRY(commit_locked(Durability::Synced));
    pending_.push_back(erase_frame(erasures));
    auto written = write(true);
    if (!written) {
        pending_.clear();  // nothing else waits
        places_.clear();
    }
    return written;
}

Result<void> Committer::seal() {
    const std::lock_guard lock(mutex_);
    TRY(commit_locked(Durability::Synced));
    return parts_.journal.seal();
}

void Committer::give_up() {
    const std::lock_guard lock(mutex_);
    parts_.buffers.drain(pending_, bound());
    counters_.dropped_error += rows_in(pending_);
    pending_.clear();
    places_.clear();
    pending_bytes_ = 0;
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
    if (found.kind != FrameKind::Feedback) {
        return {};
    }
    note_orphans(found.frame);
    return each_row(found.frame, [&](StoredRow bytes) -> Result<void> {
        known_.take(TRY(decode_feedback(bytes)));
        known_.keep();
        return {};
    });
}

Result<void> Committer::recheck_orphans(const CapturedReader& reader, Time now) {
    std::vector<std::pair<std::uint64_t, Orphan>> unchecked;
    {
        const std::lock_guard lock(mutex_);
        for (auto& [key, orphan] : orphans_) {
            if (!orphan.checked && unchecked.size() < kOrphanChecksMax) {
                orphan.checked = true;
                unchecked.emplace_back(key, orphan);
            }
        }
    }
    for (const auto& [key, orphan] : unchecked) {
        if (TRY(reader.has_row(orphan.model, orphan.target, now))) {
            const std::lock_guard lock(mutex_);
            orphans_.erase(key);
        }
    }
    return {};
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
    out.orphans = orphans_.size();
    out.memory_bytes = waiting + pending_bytes_;
}

}  // namespace flywheel
