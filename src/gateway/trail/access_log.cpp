// SPDX-License-Identifier: Apache-2.0
#include "gateway/trail/access_log.h"

#include <algorithm>
#include <csignal>

#include <pthread.h>

#include "base/log.h"
#include "gateway/trail/access_line.h"

namespace flywheel::trail {

namespace {

constexpr std::size_t kPackedMost = 1024;  // of one request

/// Threads take buffers in turn; two may share one, which costs time and loses nothing.
std::size_t this_buffer() {
    static std::atomic<std::size_t> next = 0;
    thread_local const std::size_t mine = next.fetch_add(1, std::memory_order_relaxed);
    return mine % AccessLog::kBuffers;
}

std::uint64_t lines_in(std::string_view text) {
    return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

Result<std::unique_ptr<AccessLog>> AccessLog::open(AccessLogPlan plan, const Clock& clock) {
    auto file = LogFile::open(plan.file);
    if (!file) {
        return make_error(
            file.error().code,
            file.error().message + "; or set [serve] access_log = \"off\" in flywheel.toml"
        );
    }
    return std::make_unique<AccessLog>(std::move(plan), std::move(*file), clock);
}

AccessLog::AccessLog(AccessLogPlan plan, LogFile file, const Clock& clock)
    : plan_(std::move(plan)), clock_(clock), file_(std::move(file)), thread_([this] { run(); }) {
    pthread_setname_np(thread_.native_handle(), "fw-access");
}

AccessLog::~AccessLog() {
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

void AccessLog::answered(const http::HttpTrace& trace) {
    const Time now = clock_.now();
    Buffer& buffer = buffers_[this_buffer()];
    bool half_full = false;
    {
        const std::scoped_lock lock(buffer.mutex);
        if (buffer.bytes.size() + kPackedMost > plan_.buffer_bytes) {
            ++buffer.dropped;
            return;
        }
        pack_access(buffer.bytes, trace, now);
        half_full = buffer.bytes.size() > plan_.buffer_bytes / 2 && !buffer.said_half_full;
        buffer.said_half_full = buffer.said_half_full || half_full;
    }
    if (half_full) {
        {
            const std::scoped_lock lock(mutex_);
            hurry_ = true;
        }
        wake_.notify_one();
    }
}

void AccessLog::run() {
    sigset_t broken_pipe;
    sigemptyset(&broken_pipe);
    sigaddset(&broken_pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);  // nobody reads the pipe: an error, no end
    std::unique_lock lock(mutex_);
    for (bool last = false; !last;) {
        wake_.wait_for(lock, plan_.flush_every, [this] { return hurry_ || stopping_; });
        hurry_ = false;
        last = stopping_;
        lock.unlock();
        write_out();
        lock.lock();
    }
}

void AccessLog::write_out() {
    const std::scoped_lock writing(writing_);
    if (reopen_.exchange(false)) {
        if (const auto reopened = file_.reopen(); !reopened) {
            log_error("access log not reopened", {{"error", reopened.error().message}});
        }
    }
    const auto patient = [this] {
        const std::scoped_lock lock(mutex_);
        return !stopping_;
    };
    for (Buffer& buffer : buffers_) {
        taken_.clear();
        {
            const std::scoped_lock lock(buffer.mutex);
            taken_.swap(buffer.bytes);
            buffer.said_half_full = false;
        }
        lines_.clear();
        for (std::string_view packed = taken_; !packed.empty();) {
            append_access_line(lines_, packed);
        }
        std::size_t written = 0;
        const bool whole = lines_.empty() || file_.append(lines_, written, patient).has_value();
        const std::uint64_t lost = whole ? 0 : lines_in(std::string_view(lines_).substr(written));
        written_ += lines_in(lines_) - lost;
        dropped_disk_ += lost;
    }
}

void AccessLog::reopen() {
    reopen_ = true;
    {
        const std::scoped_lock lock(mutex_);
        hurry_ = true;
    }
    wake_.notify_one();
}

void AccessLog::flush() {
    write_out();
}

AccessLogCounts AccessLog::counts() const {
    AccessLogCounts sum{written_, 0, dropped_disk_};
    for (const Buffer& buffer : buffers_) {
        const std::scoped_lock lock(buffer.mutex);
        sum.dropped_buffer += buffer.dropped;
    }
    return sum;
}

}  // namespace flywheel::trail
