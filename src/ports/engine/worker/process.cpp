// SPDX-License-Identifier: Apache-2.0
#include "ports/engine/worker/process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "ports/engine/worker/message.h"

namespace flywheel::worker {

namespace {

constexpr rlim_t kOpenFilesMax = 128;
constexpr int kFarAway = 32;  // descriptors are first moved up, so that none is overwritten

/// All that the child needs, made before the fork: after it only async-signal-safe calls are
/// allowed.
struct Start {
    std::vector<std::string> words;
    std::vector<std::string> environment;
    std::vector<char*> word_pointers;
    std::vector<char*> environment_pointers;
    std::vector<int> lanes;
    std::array<rlimit, 4> limits{};
    pid_t parent = -1;
    int failure = -1;  ///< Closes at a successful exec; else carries errno.
};

constexpr std::array<__rlimit_resource, 4> kLimits = {
    RLIMIT_CORE, RLIMIT_NOFILE, RLIMIT_FSIZE, RLIMIT_DATA
};

rlimit at_most(rlim_t value) {
    return {value, value};
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    for (std::string& text : texts) {
        pointers.push_back(text.data());  // NOLINT(performance-inefficient-vector-operation)
    }
    pointers.push_back(nullptr);
    return pointers;
}

Start make_start(const ProcessPlan& plan, const std::vector<Descriptor>& lanes) {
    Start start;
    start.words = {plan.program.string(), "--lanes", std::to_string(plan.lanes)};
    start.environment = {
        "PATH=/usr/bin:/bin",
        "LANG=C",
        fmt::format("OMP_NUM_THREADS={}", std::max(plan.threads, 1)),
        "OMP_WAIT_POLICY=passive",
    };
    start.word_pointers = pointers_to(start.words);
    start.environment_pointers = pointers_to(start.environment);
    for (const Descriptor& lane : lanes) {
        start.lanes.push_back(lane.number());
    }
    start.limits = {
        at_most(0),
        at_most(kOpenFilesMax),
        at_most(plan.shared_memory_max == 0 ? RLIM_INFINITY : plan.shared_memory_max),
        at_most(plan.memory_max == 0 ? RLIM_INFINITY : plan.memory_max)
    };
    start.parent = ::getpid();
    return start;
}

/// Lanes to 3, 4, ..., what tells of a failed exec behind them, and nothing else but the standard
/// ones. Gives the number of the last.
int place_descriptors(const Start& start) {
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    ::dup2(nothing, STDIN_FILENO);  // NOLINT: fails harmlessly
    ::dup2(nothing, STDOUT_FILENO);
    std::array<int, kLanesMax + 1> moved{};
    const std::size_t count = start.lanes.size();
    for (std::size_t i = 0; i < count; ++i) {
        moved[i] = ::fcntl(start.lanes[i], F_DUPFD_CLOEXEC, kFarAway);
    }
    moved[count] = ::fcntl(start.failure, F_DUPFD_CLOEXEC, kFarAway);
    const int last = kFirstLane + static_cast<int>(count);
    for (std::size_t i = 0; i < count; ++i) {
        ::dup2(moved[i], kFirstLane + static_cast<int>(i));
    }
    ::dup3(moved[count], last, O_CLOEXEC);
    ::syscall(SYS_close_range, static_cast<unsigned>(last + 1), ~0U, 0U);
    return last;
}

[[noreturn]] void become(const Start& start) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != start.parent) {
        ::_exit(127);
    }
    ::setsid();
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    // The limit of a memory is that of a file; beyond it calls shall fail, also into a long log.
    ::signal(SIGXFSZ, SIG_IGN);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);  // NOLINT(concurrency-mt-unsafe): after the fork
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGPIPE}) {
        ::signal(number, SIG_DFL);
    }
    const int failure = place_descriptors(start);
    for (std::size_t i = 0; i < kLimits.size(); ++i) {
        ::setrlimit(kLimits[i], &start.limits[i]);
    }
    ::execve(
        start.word_pointers.front(), start.word_pointers.data(), start.environment_pointers.data()
    );
    const int number = errno;
    static_cast<void>(::write(failure, &number, sizeof number) == 0);
    ::_exit(127);
}

Error cannot_start(const ProcessPlan& plan, int number) {
    return make_error(
        number == ENOENT ? Code::NotFound : Code::Unavailable,
        fmt::format(
            "A worker process cannot be started: {}: {}",
            plan.program.string(),
            std::generic_category().message(number)
        )
    );
}

/// errno of a failed exec, 0 when it went well. Waits for the exec.
int exec_failure(const Descriptor& failure) {
    int number = 0;
    ssize_t got = -1;
    while ((got = ::read(failure.number(), &number, sizeof number)) < 0 && errno == EINTR) {
    }
    return got == sizeof number ? number : 0;
}

}  // namespace

Process::Process(pid_t pid)
    : pid_(pid), pidfd_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::move(other.pidfd_)),
      ended_(other.ended_),
      status_(other.status_) {}

Process::~Process() {
    if (pid_ > 0 && !ended_) {
        kill();
        ::waitpid(pid_, nullptr, 0);
    }
}

Result<Process> Process::start(const ProcessPlan& plan, const std::vector<Descriptor>& lanes) {
    CHECK(lanes.size() == static_cast<std::size_t>(plan.lanes) && plan.lanes <= kLanesMax);
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return cannot_start(plan, errno);
    }
    const Descriptor read_end(ends[0]);
    Descriptor write_end(ends[1]);
    Start start = make_start(plan, lanes);
    start.failure = write_end.number();
    const pid_t pid = ::fork();
    if (pid < 0) {
        return cannot_start(plan, errno);
    }
    if (pid == 0) {
        become(start);
    }
    Process process(pid);
    write_end.close();
    if (const int failed = exec_failure(read_end); failed != 0) {
        return cannot_start(plan, failed);
    }
    return process;
}

void Process::kill() const {
    // By the descriptor: a number may be another process's by now.
    ::syscall(SYS_pidfd_send_signal, pidfd_.number(), SIGKILL, nullptr, 0U);
}

bool Process::wait(std::chrono::milliseconds longest, int also) {
    std::array<pollfd, 2> watched = {{{pidfd_.number(), POLLIN, 0}, {also, POLLIN, 0}}};
    if (!ended_) {
        ::poll(watched.data(), watched.size(), static_cast<int>(longest.count()));
        ended_ = ::waitpid(pid_, &status_, WNOHANG) == pid_;
    }
    return ended_;
}

std::string Process::ending() const {
    return WIFSIGNALED(status_) ? fmt::format("signal {}", WTERMSIG(status_))
                                : fmt::format("exit code {}", WEXITSTATUS(status_));
}

std::uint64_t Process::resident_bytes() const {
    std::ifstream file(fmt::format("/proc/{}/statm", pid_));
    std::uint64_t pages = 0;
    file >> pages >> pages;
    return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace flywheel::worker
