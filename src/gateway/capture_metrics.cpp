// SPDX-License-Identifier: Apache-2.0
#include "gateway/capture_metrics.h"

#include <utility>

namespace flywheel::gateway {

namespace {

/// A family of one line.
void single(
    MetricsPage& page,
    std::string_view name,
    std::string_view type,
    std::string_view help,
    std::uint64_t value
) {
    page.family(name, type, help);
    page.sample(name, {}, static_cast<double>(value));
}

void append_rows(const CaptureCounters& counters, MetricsPage& page) {
    page.family("fw_capture_rows_total", "counter", "Rows taken, by the rule that kept them.");
    for (const auto& [rule, rows] : counters.kept) {
        page.sample("fw_capture_rows_total", {{"policy", rule}}, static_cast<double>(rows));
    }
    single(
        page,
        "fw_capture_sampled_away_total",
        "counter",
        "Rows that rules or pressure left out by chance.",
        counters.sampled_away
    );
    page.family("fw_capture_dropped_total", "counter", "Rows lost, by reason.");
    for (const auto& [reason, rows] :
         {std::pair("buffer", counters.dropped_buffer),
          std::pair("disk", counters.dropped_disk),
          std::pair("error", counters.dropped_error)}) {
        page.sample("fw_capture_dropped_total", {{"reason", reason}}, static_cast<double>(rows));
    }
    single(
        page,
        "fw_capture_level",
        "gauge",
        "0 normal, 1 payloads are thinned, 2 rows are sampled, 3 rows are dropped.",
        static_cast<std::uint64_t>(counters.level)
    );
}

void append_journal(const CaptureCounters& counters, MetricsPage& page) {
    page.family("fw_capture_backlog_bytes", "gauge", "Captured and not yet in the columns.");
    for (const auto& [stage, bytes] :
         {std::pair("memory", counters.memory_bytes), std::pair("journal", counters.journal.bytes)
         }) {
        page.sample("fw_capture_backlog_bytes", {{"stage", stage}}, static_cast<double>(bytes));
    }
    page.family("fw_capture_flush_seconds", "summary", "Writing and syncing one group.");
    page.sample(
        "fw_capture_flush_seconds_sum", {}, static_cast<double>(counters.flush_us_total) * 1e-6
    );
    page.sample("fw_capture_flush_seconds_count", {}, static_cast<double>(counters.groups));
    single(page, "fw_journal_bytes_total", "counter", "Bytes made durable.", counters.bytes);
    single(
        page,
        "fw_journal_torn_bytes_total",
        "counter",
        "Cut from the ends of segments at recovery.",
        counters.journal.torn_bytes
    );
    single(
        page,
        "fw_journal_corrupt_bytes_total",
        "counter",
        "Skipped between good frames.",
        counters.journal.corrupt_bytes
    );
    single(
        page,
        "fw_journal_sync_errors_total",
        "counter",
        "Groups that could not be made durable at the first try.",
        counters.failed_groups
    );
}

}  // namespace

void append_capture_metrics(const CaptureCounters& counters, MetricsPage& page) {
    append_rows(counters, page);
    append_journal(counters, page);
    single(
        page,
        "fw_capture_redacted_total",
        "counter",
        "Rows and lines of feedback in which something was taken out.",
        counters.redacted
    );
    single(
        page,
        "fw_capture_redaction_failures_total",
        "counter",
        "Payloads and comments that were dropped because a rule failed.",
        counters.redaction_failures
    );
    single(
        page,
        "fw_feedback_accepted_total",
        "counter",
        "Lines of feedback that said something new.",
        counters.feedback_accepted
    );
    single(
        page,
        "fw_feedback_duplicate_total",
        "counter",
        "Lines of feedback that had been said before.",
        counters.feedback_duplicate
    );
    single(
        page,
        "fw_feedback_orphans",
        "gauge",
        "Targets of feedback for which no row is known.",
        counters.orphans
    );
}

void add_capture_metrics(Gateway& gateway, std::function<CaptureCounters()> counters) {
    gateway.add_metrics([counters = std::move(counters)](MetricsPage& page) {
        append_capture_metrics(counters(), page);
    });
}

}  // namespace flywheel::gateway
