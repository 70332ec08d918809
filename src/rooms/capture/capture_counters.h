#pragma once
// SPDX-License-Identifier: Apache-2.0
// What capture has done so far, as numbers: for /metrics and /v1/status, and for tests that every
// row is accounted for. Plain values.

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "ports/journal/journal.h"
#include "records/feedback.h"
#include "rooms/capture/intake/pressure.h"

namespace flywheel {

/// A histogram of durations.
struct FlushTimes {
    /// Upper bounds in microseconds; what is above the last is counted behind it.
    static constexpr std::array<std::int64_t, 16> kBounds = {
        100,
        250,
        500,
        1'000,
        2'500,
        5'000,
        10'000,
        25'000,
        50'000,
        100'000,
        250'000,
        500'000,
        1'000'000,
        2'500'000,
        5'000'000,
        10'000'000
    };

    std::array<std::uint64_t, kBounds.size() + 1> counts{};
    std::uint64_t us_total = 0;
    std::uint64_t us_max = 0;

    void add(std::uint64_t us);
};

/// Feedback that was new: how much of each kind from whom, and how long after the answer.
struct FeedbackTally {
    /// Upper bounds in seconds, 1 s to 90 days; what is above the last is counted behind it.
    static constexpr std::array<std::int64_t, 11> kBounds = {
        1, 10, 60, 600, 3'600, 21'600, 86'400, 259'200, 604'800, 2'592'000, 7'776'000
    };

    std::array<std::array<std::uint64_t, 4>, 3> said{};  ///< By FeedbackSource, FeedbackKind.
    /// Of feedback whose target is an id with a time in it.
    std::array<std::uint64_t, kBounds.size() + 1> delays{};
    double delay_seconds = 0;  ///< Their sum.

    void add(const Feedback& said_now);
};

/// How many of a model's rows of the last day have a label by feedback.
struct LabelCoverage {
    std::string model;
    std::uint64_t rows = 0;
    std::uint64_t labelled = 0;
};

/// Everything since open(). recorded = captured + sampled_away + dropped + what still waits in
/// memory, exactly.
struct CaptureCounters {
    std::uint64_t recorded = 0;
    std::uint64_t captured = 0;        ///< Durable.
    std::uint64_t sampled_away = 0;    ///< By the policy or by pressure; their propensity says so.
    std::uint64_t dropped = 0;         ///< Sum of the three reasons that follow.
    std::uint64_t dropped_buffer = 0;  ///< No room in the buffers.
    std::uint64_t dropped_disk = 0;    ///< No room on the disk.
    std::uint64_t dropped_error = 0;   ///< Never written before stop().
    std::vector<std::pair<std::string, std::uint64_t>> kept;  ///< Rows taken, by rule.
    PressureLevel level = PressureLevel::Normal;
    std::uint64_t level_changes = 0;
    std::uint64_t payloads_left_out = 0;   ///< Too many large ones waited.
    std::uint64_t payloads_stored = 0;     ///< Taken over into the journal.
    std::uint64_t payloads_known = 0;      ///< Stored before; the row refers to them.
    std::uint64_t redacted = 0;            ///< Rows and feedback in which something was taken out.
    std::uint64_t redaction_failures = 0;  ///< Of these, what lost its payload or comment whole.
    std::uint64_t bytes = 0;               ///< Appended to the journal and synced.
    std::uint64_t groups = 0;
    std::uint64_t failed_groups = 0;
    FlushTimes flush;  ///< Of groups, from taking the rows to fdatasync.
    std::uint64_t feedback_accepted = 0;
    std::uint64_t feedback_duplicate = 0;
    FeedbackTally feedback;
    std::vector<LabelCoverage> coverage;  ///< Filled in by who measures it (truth/coverage.h).
    std::uint64_t orphans = 0;            ///< Targets of feedback for which no row is known now.
    std::uint64_t feedback_expired = 0;   ///< Targets that waited 30 days for a row in vain.
    std::uint64_t rolled_segments = 0;
    std::uint64_t rolled_rows = 0;
    std::uint64_t expired_rows = 0;  ///< Rows and feedback that were over their time.
    std::uint64_t memory_bytes = 0;  ///< Waiting for the journal.
    double roll_lag_seconds = 0;     ///< Age of the oldest row that is not in the columns.
    std::uint64_t quota_keys = 0;    ///< Keys whose rows are scaled down by their quota now.
    std::string failure;    ///< Why the newest group could not be written; "" when it could.
    JournalHealth journal;  ///< Its bytes are what waits for the columns.
};

}  // namespace flywheel
