#pragma once
// SPDX-License-Identifier: Apache-2.0
// Time enters the program only here, so that years replay in seconds. Clock is what the world says
// (UTC, microseconds); ManualClock is set by tests and by the stream demo. Any thread may read.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace flywheel {

using Duration = std::chrono::microseconds;
/// A point in UTC, microseconds since 1970-01-01.
using Time = std::chrono::sys_time<Duration>;

/// Microseconds since 1970-01-01, as they are stored.
[[nodiscard]] inline std::int64_t micros(Time time) {
    return time.time_since_epoch().count();
}

class Clock {
  public:
    Clock() = default;
    Clock(const Clock&) = delete;
    Clock& operator=(const Clock&) = delete;
    virtual ~Clock() = default;

    [[nodiscard]] virtual Time now() const = 0;
};

class SystemClock final : public Clock {
  public:
    [[nodiscard]] Time now() const override;
};

/// Stands still until it is set.
class ManualClock final : public Clock {
  public:
    explicit ManualClock(Time start) : micros_(micros(start)) {}

    [[nodiscard]] Time now() const override { return Time(Duration(micros_.load())); }

    void set(Time time) { micros_.store(micros(time)); }

    void advance(Duration by) { micros_.fetch_add(by.count()); }

  private:
    std::atomic<std::int64_t> micros_;
};

/// Monotonic time for durations only; never stored.
[[nodiscard]] inline std::chrono::steady_clock::time_point monotonic_now() {
    return std::chrono::steady_clock::now();
}

/// CPU seconds (user + system) used by this process so far.
[[nodiscard]] double process_cpu_seconds();

/// "2026-11-21T12:00:00.000000Z"; microseconds are left out when they are zero.
[[nodiscard]] std::string to_rfc3339(Time time);
/// "2026-11-21".
[[nodiscard]] std::string to_date(Time time);
/// Reads RFC 3339 and its common short forms: "2026-11-21", "2026-11-21T12:00", "...:30", with a
/// fraction, and "Z" or "+09:00" (no zone = UTC); a space may stand for the T.
Result<Time> parse_time(std::string_view text);

}  // namespace flywheel
