// SPDX-License-Identifier: Apache-2.0
#include "gateway/capture_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace flywheel::gateway {
namespace {

TEST(CaptureMetrics, SayWhatWasKeptAndWhatBecameOfTheRest) {
    CaptureCounters counters;
    counters.kept = {{"head", 5}, {"unsure \"rows\"", 2}};
    counters.sampled_away = 93;
    counters.dropped_disk = 7;
    counters.level = PressureLevel::Sample;
    for (const std::uint64_t us : {90, 200, 20'000'000}) {
        counters.flush.add(us);
    }
    Feedback said;
    said.source = FeedbackSource::Annotator;
    said.target = "0199a1b2-c3d4-7e5f-8a1b-0c0d0e0f0000";
    said.arrived = Uuid::parse(said.target)->time() + std::chrono::minutes(5);
    counters.feedback.add(said);
    counters.payloads_known = 9;
    counters.roll_lag_seconds = 1.5;
    counters.journal.torn_bytes = 16;
    counters.memory_bytes = 5;
    counters.journal.bytes = 100;
    counters.journal.sealed_bytes = 70;
    counters.feedback_expired = 4;
    counters.coverage = {{"news", 200, 5}, {"quiet", 0, 0}};
    MetricsPage page;
    append_capture_metrics(counters, page);
    for (const char* line :
         {"fw_capture_rows_total{policy=\"head\"} 5\n",
          "fw_capture_rows_total{policy=\"unsure \\\"rows\\\"\"} 2\n",
          "fw_capture_sampled_away_total 93\n",
          "fw_capture_dropped_total{reason=\"buffer\"} 0\n",
          "fw_capture_dropped_total{reason=\"disk\"} 7\n",
          "fw_capture_level 2\n",
          "fw_capture_flush_seconds_bucket{le=\"0.0001\"} 1\n",
          "fw_capture_flush_seconds_bucket{le=\"10\"} 2\n",
          "fw_capture_flush_seconds_bucket{le=\"+Inf\"} 3\n",
          "fw_capture_flush_seconds_sum 20.00029\n",
          "fw_capture_flush_seconds_count 3\n",
          "fw_capture_payloads_total{what=\"known\"} 9\n",
          "fw_roll_lag_seconds 1.5\n",
          "fw_feedback_total{source=\"annotator\",kind=\"label\"} 1\n",
          "fw_feedback_delay_seconds_bucket{le=\"60\"} 0\n",
          "fw_feedback_delay_seconds_bucket{le=\"600\"} 1\n",
          "fw_capture_backlog_bytes{stage=\"memory\"} 5\n",
          "fw_capture_backlog_bytes{stage=\"journal\"} 30\n",
          "fw_capture_backlog_bytes{stage=\"columns\"} 70\n",
          "fw_feedback_expired_total 4\n",
          "fw_label_coverage{model=\"news\"} 0.025\n",
          "fw_journal_torn_bytes_total 16\n"}) {
        EXPECT_THAT(page.text(), ::testing::HasSubstr(line));
    }
    EXPECT_THAT(page.text(), ::testing::Not(::testing::HasSubstr("quiet"))) << "no rows, no share";
}

}  // namespace
}  // namespace flywheel::gateway
