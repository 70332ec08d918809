// SPDX-License-Identifier: Apache-2.0
#include "app/signals.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace flywheel::app {

namespace {

// A signal handler can reach nothing but a global; this one is the writing end of a pipe.
std::atomic<int> writing_end = -1;
static_assert(std::atomic<int>::is_always_lock_free);

extern "C" void tell_pipe(int number) {
    const int kept = errno;
    const auto byte = static_cast<char>(number);
    // A full pipe has enough signals in it already.
    [[maybe_unused]] const auto written = ::write(writing_end.load(), &byte, 1);
    errno = kept;
}

void handle(int number, void (*with)(int)) {
    struct sigaction action{};
    action.sa_handler = with;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    ::sigaction(number, &action, nullptr);
}

}  // namespace

Result<StopSignals> StopSignals::watch() {
    if (writing_end.load() != -1) {
        return make_error(Code::Conflict, "Signals are watched already");
    }
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        return make_error(
            Code::Unavailable,
            std::string("Cannot make a pipe for signals: ") + std::generic_category().message(errno)
        );
    }
    writing_end.store(ends[1]);
    handle(SIGTERM, tell_pipe);
    handle(SIGINT, tell_pipe);
    handle(SIGHUP, tell_pipe);
    handle(SIGXFSZ, SIG_IGN);
    return StopSignals(ends[0]);
}

StopSignals::StopSignals(StopSignals&& other) noexcept
    : reading_(std::exchange(other.reading_, -1)) {}

StopSignals::~StopSignals() {
    if (reading_ == -1) {
        return;
    }
    handle(SIGTERM, SIG_DFL);
    handle(SIGINT, SIG_DFL);
    handle(SIGHUP, SIG_DFL);
    ::close(writing_end.exchange(-1));
    ::close(reading_);
}

std::optional<int> StopSignals::wait(std::chrono::milliseconds patience) {
    const auto until = std::chrono::steady_clock::now() + patience;
    for (;;) {
        char byte = 0;
        if (::read(reading_, &byte, 1) == 1) {
            return byte;
        }
        int left = -1;
        if (patience.count() >= 0) {
            const auto rest = std::chrono::ceil<std::chrono::milliseconds>(
                until - std::chrono::steady_clock::now()
            );
            if (rest.count() <= 0) {
                return std::nullopt;
            }
            left = static_cast<int>(rest.count());
        }
        pollfd waiting{reading_, POLLIN, 0};
        ::poll(&waiting, 1, left);
    }
}

}  // namespace flywheel::app
