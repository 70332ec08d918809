// SPDX-License-Identifier: Apache-2.0
#include "app/operations/service_notice.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/screen.h"

namespace flywheel::app {

void give_notice(std::string_view state) {
    const std::string_view path = environment("NOTIFY_SOCKET");
    sockaddr_un to{};
    if (path.empty() || path.size() >= sizeof to.sun_path) {
        return;
    }
    to.sun_family = AF_UNIX;
    std::memcpy(to.sun_path, path.data(), path.size());
    if (path.front() == '@') {
        to.sun_path[0] = '\0';  // a name in the abstract namespace
    }
    const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd == -1) {
        return;
    }
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    // Nobody listens: nothing is lost but the word.
    static_cast<void>(::sendto(
        fd, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&to), length
    ));
    ::close(fd);
}

std::chrono::milliseconds watchdog_pace() {
    const std::string_view text = environment("WATCHDOG_USEC");
    std::int64_t micros = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), micros);
    if (read.ec != std::errc() || micros <= 0) {
        return std::chrono::hours(1);
    }
    return std::max(
        std::chrono::milliseconds(10),
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::microseconds(micros / 2))
    );
}

}  // namespace flywheel::app
