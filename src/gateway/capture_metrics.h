#pragma once
// SPDX-License-Identifier: Apache-2.0
// What capture counts, as families of the /metrics page. Added by app/ before the gateway starts;
// asked at each scrape, on a server thread.

#include <functional>

#include "gateway/gateway.h"
#include "rooms/capture/capture.h"

namespace flywheel::gateway {

/// Writes the families fw_capture_*, fw_journal_* and fw_feedback_*.
void append_capture_metrics(const CaptureCounters& counters, MetricsPage& page);

void add_capture_metrics(Gateway& gateway, std::function<CaptureCounters()> counters);

}  // namespace flywheel::gateway
