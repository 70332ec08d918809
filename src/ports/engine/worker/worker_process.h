#pragma once
// SPDX-License-Identifier: Apache-2.0
// WorkerProcess: the server's side of one worker process and the model in it. run() by any thread;
// spawn() by the thread that the process dies with. After anything that is not an answer the
// process is killed, and every later call is Unavailable.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "ports/engine/worker/channel.h"
#include "ports/engine/worker/process.h"
#include "ports/engine/worker/shared_memory.h"

namespace flywheel::worker {

struct WorkerPlan {
    ProcessPlan process;
    std::chrono::milliseconds hello_max{10'000};
    std::chrono::milliseconds load_max{120'000};
    std::chrono::milliseconds call_max{30'000};  ///< A call that takes longer hangs.
    std::chrono::milliseconds backoff_first{100};
    std::chrono::milliseconds backoff_max{30'000};
    std::chrono::milliseconds served_well{10'000};  ///< Alive so long: back-off begins again.
};

class WorkerProcess {
  public:
    /// Starts the program; errors of Process::start().
    static Result<std::unique_ptr<WorkerProcess>> spawn(const WorkerPlan& plan);
    WorkerProcess(const WorkerProcess&) = delete;
    WorkerProcess& operator=(const WorkerProcess&) = delete;
    /// Asks it to end, waits a second, kills it.
    ~WorkerProcess();

    /// Hears what it is, hands over memories and the artefact. Unavailable: it ended, or was too
    /// slow. Unsupported: it speaks another version. Else what it says about the artefact.
    Result<Loaded> open(const Descriptor& artefact, std::uint64_t size);

    /// As TensorModel::run(). Unavailable: no lane was free in time, or the process broke.
    Result<std::vector<Tensor>> run(
        const Signature& signature,
        std::span<const TensorView> inputs,
        std::span<const std::size_t> wanted
    );

    /// Any thread: what is under way becomes Unavailable.
    void kill() const { process_.kill(); }

    /// Of the thread that spawned it; see Process::wait().
    bool wait(std::chrono::milliseconds longest, int also) { return process_.wait(longest, also); }

    /// "openvino 2026.4.1".
    [[nodiscard]] const std::string& runtime() const { return runtime_; }

    /// Why it is gone: what a call saw, else how the process ended.
    [[nodiscard]] std::string ending() const;

    [[nodiscard]] pid_t id() const { return process_.id(); }

    [[nodiscard]] std::uint64_t resident_bytes() const { return process_.resident_bytes(); }

  private:
    struct Lane {
        explicit Lane(Descriptor socket) : channel(std::move(socket)) {}

        Channel channel;
        SharedMemory inputs;
        SharedMemory outputs;
        std::uint32_t calls = 0;
    };

    class Borrowed;

    WorkerProcess(const WorkerPlan& plan, Process process, std::vector<Descriptor> ends);

    /// One question and its answer. Failed comes back as its Error.
    Result<Body> ask(
        Lane& lane,
        Body question,
        std::chrono::milliseconds longest,
        std::span<const int> descriptors = {}
    );
    Result<void> hear_hello();
    Result<void> hand_memory(Lane& lane);
    Result<std::vector<Tensor>> run_on(Lane& lane, const Signature& signature, const Run& run);
    Result<std::vector<Tensor>> take_outputs(
        Lane& lane, const Signature& signature, const Run& asked, const Ran& ran
    );
    /// Kills the process: it broke the protocol, hangs, or has gone. Gives the callers' error.
    Error give_up(const std::string& why);

    WorkerPlan plan_;
    Process process_;
    std::vector<std::unique_ptr<Lane>> lanes_;
    std::string runtime_;
    mutable std::mutex mutex_;
    std::condition_variable lane_is_free_;
    std::vector<Lane*> free_;
    std::string broken_;  ///< Why it was given up; "" = it was not.
};

}  // namespace flywheel::worker
