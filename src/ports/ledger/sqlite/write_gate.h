#pragma once
// SPDX-License-Identifier: Apache-2.0
// Who may use the writing connection: one thread at a time, and that one as often as it likes. Used
// by the SQLite ledger; any thread.

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/result.h"

namespace flywheel::sqlite {

/// A lock that belongs to a thread and may be taken again by it; shows whether it is ours.
class WriteGate {
  public:
    void enter() {
        const auto self = std::this_thread::get_id();
        std::unique_lock lock(mutex_);
        left_.wait(lock, [&] { return depth_ == 0 || owner_.load() == self; });
        owner_.store(self);
        ++depth_;
    }

    void leave() {
        {
            const std::lock_guard lock(mutex_);
            if (--depth_ > 0) {
                return;
            }
            owner_.store(std::thread::id());
        }
        left_.notify_one();
    }

    /// Only this thread can make its own answer change, so no lock is needed.
    [[nodiscard]] bool is_mine() const { return owner_.load() == std::this_thread::get_id(); }

  private:
    std::mutex mutex_;
    std::condition_variable left_;
    std::atomic<std::thread::id> owner_;
    int depth_ = 0;
};

class GatePass {
  public:
    explicit GatePass(WriteGate& gate) : gate_(gate) { gate_.enter(); }

    GatePass(const GatePass&) = delete;
    GatePass& operator=(const GatePass&) = delete;

    ~GatePass() { gate_.leave(); }

  private:
    WriteGate& gate_;
};

}  // namespace flywheel::sqlite
