// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/slow_lane.h"

#include <algorithm>
#include <utility>

namespace flywheel::http {

namespace {

constexpr std::size_t kMaxWaiting = 1024;

}  // namespace

SlowLane::SlowLane(int threads) {
    for (int i = 0; i < std::max(threads, 1); ++i) {
        threads_.emplace_back([this] { work(); });
    }
}

SlowLane::~SlowLane() {
    std::deque<std::function<void()>> never_run;
    {
        const std::scoped_lock lock(mutex_);
        ending_ = true;
        never_run.swap(jobs_);
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) {
        thread.join();
    }
}

bool SlowLane::submit(std::function<void()> job) {
    {
        const std::scoped_lock lock(mutex_);
        if (jobs_.size() >= kMaxWaiting) {
            return false;
        }
        jobs_.push_back(std::move(job));
    }
    wake_.notify_one();
    return true;
}

void SlowLane::work() {
    for (;;) {
        std::function<void()> job;
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
            if (jobs_.empty()) {
                return;
            }
            job = std::move(jobs_.front());
            jobs_.pop_front();
        }
        job();
    }
}

}  // namespace flywheel::http
