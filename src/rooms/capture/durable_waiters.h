#pragma once
// SPDX-License-Identifier: Apache-2.0
// DurableWaiters: who waits until the rows recorded so far are durable. Anybody adds; the thread
// that commits takes them before it takes the rows, and settles them when it knows; they are told
// afterwards, when no lock of the committer is held.

#include <algorithm>
#include <functional>
#include <iterator>
#include <mutex>
#include <utility>
#include <vector>

#include "base/result.h"

namespace flywheel {

class DurableWaiters {
  public:
    using Waiter = std::function<void(Result<void>)>;

    void add(Waiter waiter) {
        const std::lock_guard lock(mutex_);
        added_.push_back(std::move(waiter));
    }

    /// A group begins: it is about all who were added until now.
    void begin() {
        const std::lock_guard lock(mutex_);
        std::ranges::move(added_, std::back_inserter(taken_));
        added_.clear();
    }

    /// Does the group that has begun have anybody waiting?
    [[nodiscard]] bool any() const {
        const std::lock_guard lock(mutex_);
        return !taken_.empty();
    }

    /// The group is written or not. When rows were left in a buffer they wait for the next one.
    void settle(bool all_taken, const Result<void>& written) {
        const std::lock_guard lock(mutex_);
        if (written && !all_taken) {
            return;
        }
        for (Waiter& waiter : taken_) {
            settled_.emplace_back(std::move(waiter), written);
        }
        taken_.clear();
    }

    void tell() {
        std::vector<std::pair<Waiter, Result<void>>> settled;
        {
            const std::lock_guard lock(mutex_);
            settled.swap(settled_);
        }
        for (auto& [waiter, written] : settled) {
            waiter(std::move(written));
        }
    }

  private:
    mutable std::mutex mutex_;
    std::vector<Waiter> added_;
    std::vector<Waiter> taken_;
    std::vector<std::pair<Waiter, Result<void>>> settled_;
};

}  // namespace flywheel
