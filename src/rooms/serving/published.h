#pragma once
// SPDX-License-Identifier: Apache-2.0
// A pointer to something immutable that is exchanged as a whole. Any thread.

#include <memory>
#include <mutex>
#include <utility>

namespace flywheel::serving {

/// A pointer that is exchanged now and then while many threads read it. Not
/// std::atomic<std::shared_ptr>: in libstdc++ 12 its load() releases the lock bit relaxed, a race
/// that ThreadSanitizer reports.
template <class T>
class Published {
  public:
    explicit Published(std::shared_ptr<const T> first) : pointer_(std::move(first)) {}

    [[nodiscard]] std::shared_ptr<const T> load() const {
        const std::scoped_lock lock(mutex_);
        return pointer_;
    }

    void store(std::shared_ptr<const T> next) {
        const std::scoped_lock lock(mutex_);
        pointer_.swap(next);  // the old one goes after the lock, with `next`
    }

  private:
    mutable std::mutex mutex_;
    std::shared_ptr<const T> pointer_;
};

}  // namespace flywheel::serving
