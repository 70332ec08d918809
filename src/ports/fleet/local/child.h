#pragma once
// SPDX-License-Identifier: Apache-2.0
// Child: one subprocess of low priority with its output pipes. Used by the local fleet, by the
// thread that started it.

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <poll.h>
#include <sys/types.h>

#include "base/result.h"

namespace flywheel::local {

/// How a process ended and what it used.
struct Ending {
    int status = 0;  ///< As waitpid(2) gives it.
    double cpu_seconds = 0;
    std::int64_t peak_rss_bytes = 0;
};

class Child {
  public:
    Child(const Child&) = delete;
    Child(Child&& other) noexcept;
    Child& operator=(Child&&) = delete;
    /// Kills it when it still runs.
    ~Child();

    /// Starts `words[0]` with standard input closed, nice +10, in a process group of its own. It is
    /// killed when the calling thread dies. NotFound or Unavailable when it cannot be started.
    static Result<Child> start(const std::vector<std::string>& words);

    enum class Stream : std::size_t { Output = 0, Errors = 1 };

    /// Waits until there is output, the process ended, or the time is over. Appends what came.
    void wait(std::chrono::milliseconds longest, std::string& output, std::string& errors);
    /// Sends a signal to its process group.
    void signal(int number) const;

    /// True after the process ended; what came before may still be in the pipes (one more wait()).
    [[nodiscard]] bool ended() const { return ended_; }

    [[nodiscard]] const Ending& ending() const { return ending_; }

  private:
    Child(pid_t pid, std::array<int, 2> pipes);

    void read_into(Stream stream, std::string& text);
    void reap();
    void measure_memory();

    pid_t pid_ = -1;
    int pidfd_ = -1;
    std::array<int, 2> pipes_;           ///< Read ends, -1 after their end.
    std::int64_t inherited_peak_bytes_;  ///< What the kernel counts although it was the parent's.
    bool ended_ = false;
    Ending ending_;
};

}  // namespace flywheel::local
