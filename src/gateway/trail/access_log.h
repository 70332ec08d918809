#pragma once
// SPDX-License-Identifier: Apache-2.0
// AccessLog: one JSON line for each answered request, written behind the request threads' backs.
// They copy some 100 bytes into a buffer of their own and go on; one thread turns them into lines.
// When it cannot keep up (a slow disk, a pipe that nobody reads) lines are dropped and counted.

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "gateway/http/http_server.h"
#include "gateway/trail/log_file.h"

namespace flywheel::trail {

struct AccessLogPlan {
    LogFilePlan file;
    std::size_t buffer_bytes = 256 * 1024;       ///< Of each of kBuffers.
    std::chrono::milliseconds flush_every{100};  ///< Sooner when a buffer is half full.
};

/// Requests answered = written + dropped + what waits.
struct AccessLogCounts {
    std::uint64_t written = 0;
    std::uint64_t dropped_buffer = 0;  ///< No room in memory.
    std::uint64_t dropped_disk = 0;    ///< The file refused them.
};

class AccessLog final : public http::HttpObserver {
  public:
    static constexpr std::size_t kBuffers = 8;

    /// Unavailable when the file cannot be written: says which and what to do.
    static Result<std::unique_ptr<AccessLog>> open(AccessLogPlan plan, const Clock& clock);
    /// For open() only.
    AccessLog(AccessLogPlan plan, LogFile file, const Clock& clock);
    ~AccessLog() override;  ///< Writes what waits.

    void answered(const http::HttpTrace& trace) override;

    /// Opens the file anew, as after somebody moved it away (SIGHUP). Any thread.
    void reopen();
    /// Returns when everything answered before is written or dropped. Any thread.
    void flush();

    [[nodiscard]] AccessLogCounts counts() const;

  private:
    /// Cache lines apart, so that threads do not disturb each other.
    struct alignas(128) Buffer {
        mutable std::mutex mutex;
        std::string bytes;
        std::uint64_t dropped = 0;
        bool said_half_full = false;
    };

    void run();
    void write_out();

    AccessLogPlan plan_;
    const Clock& clock_;
    std::array<Buffer, kBuffers> buffers_;
    std::mutex writing_;  // held while lines are made and written; never by request threads
    LogFile file_;
    std::string taken_;
    std::string lines_;
    std::atomic<std::uint64_t> written_ = 0;
    std::atomic<std::uint64_t> dropped_disk_ = 0;
    std::atomic<bool> reopen_ = false;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool hurry_ = false;     // a buffer is half full
    bool stopping_ = false;  // both under mutex_
    std::thread thread_;
};

}  // namespace flywheel::trail
