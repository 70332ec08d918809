// SPDX-License-Identifier: Apache-2.0
#include "ports/fleet/local/child.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace flywheel::local {

namespace {

constexpr int kNiceness = 10;

void close_pipe(int& descriptor) {
    if (descriptor >= 0) {
        ::close(descriptor);
        descriptor = -1;
    }
}

Error cannot_start(const std::string& program, int number) {
    return make_error(
        number == ENOENT ? Code::NotFound : Code::Unavailable,
        fmt::format(
            "A job's process cannot be started: {}: {}",
            program,
            std::generic_category().message(number)
        )
    );
}

/// A pipe; both ends close on exec.
struct Pipe {
    int read = -1;
    int write = -1;

    Pipe() = default;
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;

    ~Pipe() {
        close_pipe(read);
        close_pipe(write);
    }

    [[nodiscard]] bool open() {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
            return false;
        }
        read = ends[0];
        write = ends[1];
        return true;
    }

    int take_read() {
        const int taken = read;
        read = -1;
        return taken;
    }
};

struct Pipes {
    Pipe output;
    Pipe errors;
    Pipe failure;  ///< Closes at a successful exec; else carries errno.
};

/// After fork only async-signal-safe calls are allowed: the server has many threads.
[[noreturn]] void become(char* const* words, const Pipes& pipes, pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) {
        ::_exit(127);
    }
    ::setpgid(0, 0);
    // Below the server whatever its own niceness is; the kernel cuts at 19.
    ::setpriority(PRIO_PROCESS, 0, ::getpriority(PRIO_PROCESS, 0) + kNiceness);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);  // NOLINT: one thread is left here
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGPIPE}) {
        ::signal(number, SIG_DFL);
    }
    const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (nothing >= 0) {
        ::dup2(nothing, STDIN_FILENO);
    }
    ::dup2(pipes.output.write, STDOUT_FILENO);
    ::dup2(pipes.errors.write, STDERR_FILENO);
    ::execv(words[0], words);
    const int number = errno;
    static_cast<void>(::write(pipes.failure.write, &number, sizeof number) == 0);
    ::_exit(127);
}

/// errno of a failed exec, 0 when it went well. Waits for the exec.
int exec_failure(Pipe& failure) {
    close_pipe(failure.write);
    int number = 0;
    while (true) {
        const auto got = ::read(failure.read, &number, sizeof number);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        return got == sizeof number ? number : 0;
    }
}

std::int64_t own_peak_bytes() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss * 1024;
}

double seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

}  // namespace

Child::Child(pid_t pid, std::array<int, 2> pipes)
    : pid_(pid),
      pidfd_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))),
      pipes_(pipes),
      inherited_peak_bytes_(own_peak_bytes()) {
    for (const int pipe : pipes_) {
        ::fcntl(pipe, F_SETFL, O_NONBLOCK);
    }
    measure_memory();
}

Child::Child(Child&& other) noexcept
    : pid_(other.pid_),
      pidfd_(other.pidfd_),
      pipes_(other.pipes_),
      inherited_peak_bytes_(other.inherited_peak_bytes_),
      ended_(other.ended_),
      ending_(other.ending_) {
    other.pid_ = -1;
    other.pidfd_ = -1;
    other.pipes_ = {-1, -1};
}

Child::~Child() {
    if (pid_ >= 0 && !ended_) {
        signal(SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    close_pipe(pidfd_);
    close_pipe(pipes_[0]);
    close_pipe(pipes_[1]);
}

Result<Child> Child::start(const std::vector<std::string>& words) {
    Pipes pipes;
    if (!pipes.output.open() || !pipes.errors.open() || !pipes.failure.open()) {
        return cannot_start(words.front(), errno);
    }
    std::vector<char*> pointers;
    pointers.reserve(words.size() + 1);
    for (const auto& word : words) {
        pointers.push_back(const_cast<char*>(word.c_str())
        );  // NOLINT: execv takes them so, and reads only
    }
    pointers.push_back(nullptr);
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) {
        return cannot_start(words.front(), errno);
    }
    if (pid == 0) {
        become(pointers.data(), pipes, parent);
    }
    const int failed = exec_failure(pipes.failure);
    Child child(pid, {pipes.output.take_read(), pipes.errors.take_read()});
    if (failed != 0) {
        return cannot_start(words.front(), failed);
    }
    return child;
}

void Child::wait(std::chrono::milliseconds longest, std::string& output, std::string& errors) {
    // poll(2) skips negative descriptors, so what has ended needs no care.
    std::array<pollfd, 3> watched = {
        {{pipes_[0], POLLIN, 0}, {pipes_[1], POLLIN, 0}, {pidfd_, POLLIN, 0}}
    };
    ::poll(watched.data(), watched.size(), static_cast<int>(longest.count()));
    measure_memory();
    reap();
    read_into(Stream::Output, output);
    read_into(Stream::Errors, errors);
}

void Child::signal(int number) const {
    if (pid_ > 0 && !ended_) {
        ::kill(-pid_, number);
        ::kill(pid_, number);
    }
}

void Child::read_into(Stream stream, std::string& text) {
    int& pipe = pipes_[static_cast<std::size_t>(stream)];
    std::array<char, 65536> buffer{};
    while (pipe >= 0) {
        const auto got = ::read(pipe, buffer.data(), buffer.size());
        if (got > 0) {
            text.append(buffer.data(), static_cast<std::size_t>(got));
        } else if (got == 0) {
            close_pipe(pipe);
        } else if (errno != EINTR) {
            return;
        }
    }
}

void Child::reap() {
    if (ended_) {
        return;
    }
    rusage usage{};
    int status = 0;
    if (::wait4(pid_, &status, WNOHANG, &usage) != pid_) {
        return;
    }
    ended_ = true;
    // What descendants it left behind has no reader any more.
    ::kill(-pid_, SIGKILL);
    close_pipe(pidfd_);
    ending_.status = status;
    ending_.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    // The kernel's figure begins with the parent's size at the fork; above that it is exact.
    const std::int64_t counted = usage.ru_maxrss * 1024;
    if (counted > inherited_peak_bytes_ || ending_.peak_rss_bytes == 0) {
        ending_.peak_rss_bytes = std::max(ending_.peak_rss_bytes, counted);
    }
}

void Child::measure_memory() {
    if (ended_) {
        return;
    }
    std::ifstream status(fmt::format("/proc/{}/status", pid_));
    std::string line;
    while (std::getline(status, line)) {
        if (line.starts_with("VmHWM:")) {
            // A job may set its mark down, to measure a part of its work; what was seen stands.
            ending_.peak_rss_bytes = std::max<std::int64_t>(
                ending_.peak_rss_bytes, std::strtoll(line.c_str() + 6, nullptr, 10) * 1024
            );
            return;
        }
    }
}

}  // namespace flywheel::local
