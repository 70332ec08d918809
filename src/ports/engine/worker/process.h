#pragma once
// SPDX-License-Identifier: Apache-2.0
// Process: a worker program started with its lanes and as few rights as it needs. Private to the
// server's side; one thread, which must outlive the process (the kernel kills it with that thread).

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/result.h"
#include "ports/engine/worker/descriptor.h"

namespace flywheel::worker {

struct ProcessPlan {
    std::filesystem::path program;
    int lanes = 2;
    int threads = 1;
    std::uint64_t memory_max = 0;         ///< Bytes of data; 0 = no limit.
    std::uint64_t shared_memory_max = 0;  ///< Bytes of one shared memory.
};

class Process {
  public:
    Process(const Process&) = delete;
    Process(Process&& other) noexcept;
    Process& operator=(const Process&) = delete;
    Process& operator=(Process&&) = delete;
    /// Kills it when it still runs.
    ~Process();

    /// Starts the program; `lanes` are its ends, in order. NotFound: there is no such program.
    /// Unavailable: it cannot be started.
    static Result<Process> start(const ProcessPlan& plan, const std::vector<Descriptor>& lanes);

    /// Any thread, any time.
    void kill() const;
    /// Waits until it ended or `longest` is over (negative = for ever), or until `also` (a
    /// descriptor) can be read. True when it ended.
    bool wait(std::chrono::milliseconds longest, int also = -1);

    /// "signal 9" or "exit code 1"; what wait() found.
    [[nodiscard]] std::string ending() const;

    [[nodiscard]] pid_t id() const { return pid_; }

    [[nodiscard]] std::uint64_t resident_bytes() const;

  private:
    explicit Process(pid_t pid);

    pid_t pid_ = -1;
    Descriptor pidfd_;
    bool ended_ = false;
    int status_ = 0;
};

}  // namespace flywheel::worker
