#pragma once
// SPDX-License-Identifier: Apache-2.0
// What systemd wants to hear from a service of Type=notify: sd_notify(3), as one datagram, without
// its library. Called by `serve`, main thread.

#include <chrono>
#include <string_view>

namespace flywheel::app {

/// Sends e.g. "READY=1" to the socket that NOTIFY_SOCKET names; no effect without one.
void give_notice(std::string_view state);

/// How often "WATCHDOG=1" is due: half of WATCHDOG_USEC; an hour when there is no watchdog.
[[nodiscard]] std::chrono::milliseconds watchdog_pace();

}  // namespace flywheel::app
