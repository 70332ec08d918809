#pragma once
// SPDX-License-Identifier: Apache-2.0
// The loop's own thread: opens a Turn when one is due, advances the open one, tries a failing step
// again with growing pauses, and ends the Turn as failed after three tries. Made by app/ for
// `serve` and `demo`.

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include "loop/conductor.h"

namespace flywheel::loop {

struct Pace {
    std::chrono::milliseconds look_every{500
    };  ///< How often the open Turn and the calendar are looked at.
    std::chrono::milliseconds watch_every{10'000};  ///< How often labelling is watched.
    std::chrono::milliseconds first_pause{60'000
    };  ///< After a failed step; then 5 and 25 times as long.
    int tries = 3;
    bool opens_turns = true;  ///< False: only advances Turns that others open.
};

class Background {
  public:
    Background(Conductor& conductor, const Clock& clock, Pace pace);
    Background(const Background&) = delete;
    Background& operator=(const Background&) = delete;
    /// Stops after the step under way.
    ~Background();

    /// Looks now instead of at the next tick; e.g. after an answer or a new Turn. Any thread.
    void wake();
    void stop();

  private:
    void run();
    void look();
    void watch_labels();

    Conductor& conductor_;
    const Clock& clock_;
    Pace pace_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool awake_ = true;
    bool stopping_ = false;
    int failures_ = 0;
    std::chrono::steady_clock::time_point not_before_{};
    std::chrono::steady_clock::time_point watch_next_{};
    std::thread thread_;
};

}  // namespace flywheel::loop
