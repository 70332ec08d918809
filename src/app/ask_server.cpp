// SPDX-License-Identifier: Apache-2.0
// The plain HTTP client of the commands: one request, one answer, then the connection ends.
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <optional>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/door.h"
#include "base/json_value.h"

namespace flywheel::app {

namespace {

constexpr std::size_t kMostBytes = 512U * 1024U * 1024U;
constexpr timeval kPatience{60, 0};

std::string system_text(int number) {
    return std::generic_category().message(number);
}

Error no_answer(const std::string& url, std::string_view why) {
    return make_error(
        Code::Unavailable,
        fmt::format("The server does not answer; is it still starting? {}: {}", url, why)
    );
}

class Socket {
  public:
    explicit Socket(int fd) : fd_(fd) {}

    Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

    Socket& operator=(Socket&&) = delete;
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;

    ~Socket() {
        if (fd_ != -1) {
            ::close(fd_);
        }
    }

    [[nodiscard]] int fd() const { return fd_; }

  private:
    int fd_;
};

struct HostPort {
    std::string host;
    std::string port;
};

Result<HostPort> host_and_port(const std::string& url) {
    constexpr std::string_view kScheme = "http://";
    const std::size_t colon = url.rfind(':');
    if (!url.starts_with(kScheme) || colon == std::string::npos || colon < kScheme.size()) {
        return invalid_argument("An address of a server is http://HOST:PORT: " + url);
    }
    HostPort parts{url.substr(kScheme.size(), colon - kScheme.size()), url.substr(colon + 1)};
    if (parts.host.starts_with('[') && parts.host.ends_with(']')) {
        parts.host = parts.host.substr(1, parts.host.size() - 2);
    }
    return parts;
}

Result<Socket> connect_to(const std::string& url) {
    const HostPort parts = TRY(host_and_port(url));
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    if (const int failed = ::getaddrinfo(parts.host.c_str(), parts.port.c_str(), &hints, &found);
        failed != 0) {
        return no_answer(url, ::gai_strerror(failed));
    }
    Socket socket(::socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC, 0));
    ::setsockopt(socket.fd(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
    ::setsockopt(socket.fd(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
    const bool connected = ::connect(socket.fd(), found->ai_addr, found->ai_addrlen) == 0;
    const int why = errno;
    ::freeaddrinfo(found);
    if (!connected) {
        return no_answer(url, system_text(why));
    }
    return socket;
}

Result<std::string> exchange(const std::string& url, const std::string& request) {
    const Socket socket = TRY(connect_to(url));
    std::string_view left = request;
    while (!left.empty()) {
        const ssize_t sent = ::send(socket.fd(), left.data(), left.size(), MSG_NOSIGNAL);
        if (sent <= 0) {
            return no_answer(url, system_text(errno));
        }
        left.remove_prefix(static_cast<std::size_t>(sent));
    }
    std::string answer;
    std::array<char, 64 * 1024> piece{};
    for (;;) {
        const ssize_t got = ::recv(socket.fd(), piece.data(), piece.size(), 0);
        if (got == 0) {
            return answer;
        }
        if (got < 0 || answer.size() > kMostBytes) {
            return no_answer(
                url, got < 0 ? system_text(errno) : std::string("the answer is too long")
            );
        }
        answer.append(piece.data(), static_cast<std::size_t>(got));
    }
}

/// Value of Content-Length, or nothing.
std::optional<std::size_t> content_length(std::string_view head) {
    constexpr std::string_view kName = "\r\ncontent-length:";
    for (std::size_t at = 0; at + kName.size() < head.size(); ++at) {
        if (!http::same_token(head.substr(at, kName.size()), kName)) {
            continue;
        }
        std::string_view text = head.substr(at + kName.size());
        text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
        std::size_t length = 0;
        const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), length);
        return failed == std::errc() ? std::optional(length) : std::nullopt;
    }
    return std::nullopt;
}

}  // namespace

Result<std::string> ask_server(
    const RunningServer& server,
    http::Method method,
    const std::string& target,
    const std::string& body
) {
    const std::string& url = server.url;
    const std::string request = fmt::format(
        "{} {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json\r\n"
        "{}Content-Length: {}\r\n\r\n{}",
        http::name_of(method),
        target,
        url.substr(std::min<std::size_t>(url.size(), 7)),
        server.key.empty() ? "" : fmt::format("X-API-Key: {}\r\n", server.key),
        body.size(),
        body
    );
    const std::string answer = TRY(exchange(url, request));
    const std::size_t head_end = answer.find("\r\n\r\n");
    int status = 0;
    if (head_end == std::string::npos || !answer.starts_with("HTTP/1.1 ") ||
        std::from_chars(answer.data() + 9, answer.data() + 12, status).ec != std::errc()) {
        return no_answer(url, "what came back is no HTTP answer");
    }
    std::string text = answer.substr(head_end + 4);
    const auto length = content_length(std::string_view(answer).substr(0, head_end + 2));
    if (length && *length != text.size()) {
        return no_answer(url, "the answer ends in the middle");
    }
    if (status < 400) {
        return text;
    }
    const auto told = parse_json(text);
    const bool has_message = told && told->is_object() && told->contains("error");
    return make_error(
        code_of_status(status),
        has_message ? TRY(string_field(*told, "error")) : fmt::format("HTTP {}: {}", status, text)
    );
}

}  // namespace flywheel::app
