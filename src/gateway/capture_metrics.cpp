// SPDX-License-Identifier: Apache-2.0
#include "gateway/capture_metrics.h"

#include <span>
#include <string>
#include <utility>

#include <fmt/format.h>

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

/// Counts under upper bounds, with their unit in seconds.
struct Bounds {
    std::span<const std::int64_t> upper;
    std::span<const std::uint64_t> counts;  ///< One more than bounds.
    double unit_seconds = 1;
};

void histogram(
    MetricsPage& page,
    std::pair<std::string_view, std::string_view> name_and_help,
    const Bounds& bounds,
    double sum
) {
    const auto [name, help] = name_and_help;
    page.family(name, "histogram", help);
    const std::string bucket = std::string(name) + "_bucket";
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < bounds.upper.size(); ++i) {
        below += bounds.counts[i];
        const auto upper = static_cast<double>(bounds.upper[i]) * bounds.unit_seconds;
        page.sample(bucket, {{"le", fmt::format("{:g}", upper)}}, static_cast<double>(below));
    }
    below += bounds.counts.back();
    page.sample(bucket, {{"le", "+Inf"}}, static_cast<double>(below));
    page.sample(std::string(name) + "_sum", {}, sum);
    page.sample(std::string(name) + "_count", {}, static_cast<double>(below));
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
    page.family(
        "fw_capture_backlog_bytes",
        "gauge",
        "Captured and not yet in the columns: in memory, waiting for the journal; in the journal's "
        "open segment; in sealed segments, waiting for the columns. The stages add up."
    );
    const JournalHealth& journal = counters.journal;
    for (const auto& [stage, bytes] :
         {std::pair("memory", counters.memory_bytes),
          std::pair("journal", journal.bytes - journal.sealed_bytes),
          std::pair("columns", journal.sealed_bytes)}) {
        page.sample("fw_capture_backlog_bytes", {{"stage", stage}}, static_cast<double>(bytes));
    }
    const FlushTimes& flush = counters.flush;
    histogram(
        page,
        {"fw_capture_flush_seconds", "Taking, writing and syncing one group."},
        Bounds{FlushTimes::kBounds, flush.counts, 1e-6},
        static_cast<double>(flush.us_total) / 1e6
    );
    page.family(
        "fw_roll_lag_seconds", "gauge", "Age of the oldest row that is not in the columns."
    );
    page.sample("fw_roll_lag_seconds", {}, counters.roll_lag_seconds);
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

static void append_payloads(const CaptureCounters& counters, MetricsPage& page) {
    page.family("fw_capture_payloads_total", "counter", "Payloads that rows came with.");
    for (const auto& [what, payloads] :
         {std::pair("stored", counters.payloads_stored),
          std::pair("known", counters.payloads_known),
          std::pair("left_out", counters.payloads_left_out)}) {
        page.sample("fw_capture_payloads_total", {{"what", what}}, static_cast<double>(payloads));
    }
    single(
        page,
        "fw_capture_quota_keys",
        "gauge",
        "Keys whose rows are scaled down by their quota in this hour.",
        counters.quota_keys
    );
}

static void append_feedback(const CaptureCounters& counters, MetricsPage& page) {
    page.family("fw_feedback_total", "counter", "New feedback, by who said what.");
    const auto sources = names_of(FeedbackSource());
    const auto kinds = names_of(FeedbackKind());
    for (std::size_t source = 0; source < sources.size(); ++source) {
        for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
            page.sample(
                "fw_feedback_total",
                {{"source", sources[source]}, {"kind", kinds[kind]}},
                static_cast<double>(counters.feedback.said[source][kind])
            );
        }
    }
    histogram(
        page,
        {"fw_feedback_delay_seconds", "From the answer to new feedback on it."},
        Bounds{FeedbackTally::kBounds, counters.feedback.delays},
        counters.feedback.delay_seconds
    );
}

static void append_coverage(const CaptureCounters& counters, MetricsPage& page) {
    page.family(
        "fw_label_coverage",
        "gauge",
        "Share of the captured rows answered in the 24 hours before it was last measured that have "
        "a label by feedback (label, or correct: true). Measured every 10 minutes or less often."
    );
    for (const LabelCoverage& one : counters.coverage) {
        if (one.rows > 0) {
            page.sample(
                "fw_label_coverage",
                {{"model", one.model}},
                static_cast<double>(one.labelled) / static_cast<double>(one.rows)
            );
        }
    }
}

void append_capture_metrics(const CaptureCounters& counters, MetricsPage& page) {
    append_rows(counters, page);
    append_journal(counters, page);
    append_payloads(counters, page);
    append_feedback(counters, page);
    append_coverage(counters, page);
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
        "Targets of feedback for which no row is known, and which still wait for one.",
        counters.orphans
    );
    single(
        page,
        "fw_feedback_expired_total",
        "counter",
        "Targets of feedback that waited 30 days for their row in vain; the feedback stays "
        "readable.",
        counters.feedback_expired
    );
}

void add_capture_metrics(Gateway& gateway, std::function<CaptureCounters()> counters) {
    gateway.add_metrics([counters = std::move(counters)](MetricsPage& page) {
        append_capture_metrics(counters(), page);
    });
}

}  // namespace flywheel::gateway
