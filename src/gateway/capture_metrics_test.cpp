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
    counters.groups = 4;
    counters.flush_us_total = 2'000'000;
    counters.journal.torn_bytes = 16;
    MetricsPage page;
    append_capture_metrics(counters, page);
    for (const char* line :
         {"fw_capture_rows_total{policy=\"head\"} 5\n",
          "fw_capture_rows_total{policy=\"unsure \\\"rows\\\"\"} 2\n",
          "fw_capture_sampled_away_total 93\n",
          "fw_capture_dropped_total{reason=\"buffer\"} 0\n",
          "fw_capture_dropped_total{reason=\"disk\"} 7\n",
          "fw_capture_level 2\n",
          "fw_capture_flush_seconds_sum 2\n",
          "fw_capture_flush_seconds_count 4\n",
          "fw_journal_torn_bytes_total 16\n"}) {
        EXPECT_THAT(page.text(), ::testing::HasSubstr(line));
    }
}

}  // namespace
}  // namespace flywheel::gateway
