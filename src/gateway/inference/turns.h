#pragma once
// SPDX-License-Identifier: Apache-2.0
// The long requests of one HTTP thread: one after the other, in the order they came, and between
// two of them the thread reads, answers or refuses whatever else is there. Belongs to its thread.

#include <cstdint>
#include <deque>
#include <functional>

namespace flywheel::gateway {

class Turns {
  public:
    /// `begin` is called once, now or when all before have ended; it has the request run soon, but
    /// not before it returns. `who` then calls end().
    void add(const void* who, std::int64_t rows, std::function<void()> begin);
    /// This turn is over, or nobody waits for it any more, begun or not.
    void end(const void* who);

    /// Of all that have not ended.
    [[nodiscard]] std::int64_t rows() const;

  private:
    struct Turn {
        const void* who = nullptr;
        std::int64_t rows = 0;
        std::function<void()> begin;
    };

    void next();

    std::deque<Turn> turns_;  // the first has begun
};

}  // namespace flywheel::gateway
