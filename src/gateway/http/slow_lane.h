#pragma once
// SPDX-License-Identifier: Apache-2.0
// A few threads for routes that wait for the ledger or the disk. Used by the connections of one
// server.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace flywheel::http {

class SlowLane {
  public:
    explicit SlowLane(int threads);
    SlowLane(const SlowLane&) = delete;
    SlowLane& operator=(const SlowLane&) = delete;
    ~SlowLane();  ///< Ends after the jobs under way; what still waits is never run.

    /// Runs `job` soon; false, and nothing happens, when too many wait. Any thread.
    bool submit(std::function<void()> job);

  private:
    void work();

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::function<void()>> jobs_;
    bool ending_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace flywheel::http
