// SPDX-License-Identifier: Apache-2.0
// The HTTP client of the commands: one request, one answer, then the connection ends.
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/door.h"
#include "base/json_value.h"
#include "gateway/http/tls_client.h"

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

bool is_tls(const std::string& url) {
    return url.starts_with("https://");
}

/// What stands behind the scheme: "127.0.0.1:8000".
std::string authority_of(const std::string& url) {
    const std::size_t scheme = url.find("://");
    return scheme == std::string::npos ? std::string() : url.substr(scheme + 3);
}

Result<HostPort> host_and_port(const std::string& url) {
    const std::string authority = authority_of(url);
    const std::size_t colon = authority.rfind(':');
    if (!url.starts_with("http") || colon == std::string::npos) {
        return invalid_argument("An address of a server is http://HOST:PORT: " + url);
    }
    HostPort parts{authority.substr(0, colon), authority.substr(colon + 1)};
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

/// The two ways of talking over a socket, as one.
class Line {
  public:
    static Result<Line> open(const RunningServer& server) {
        Line line(TRY(connect_to(server.url)));
        if (is_tls(server.url)) {
            auto tls = http::TlsClient::open(line.socket_.fd(), server.certificate);
            if (!tls) {
                return no_answer(server.url, tls.error().message);
            }
            line.tls_ = std::move(*tls);
        }
        return line;
    }

    Result<void> send(std::string_view bytes) {
        if (tls_) {
            return tls_->send(bytes);
        }
        while (!bytes.empty()) {
            const ssize_t sent = ::send(socket_.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) {
                return make_error(Code::Unavailable, system_text(errno));
            }
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return {};
    }

    /// 0 = the end.
    Result<std::size_t> receive(char* to, std::size_t size) {
        if (tls_) {
            return tls_->receive(to, size);
        }
        const ssize_t got = ::recv(socket_.fd(), to, size, 0);
        if (got < 0) {
            return make_error(Code::Unavailable, system_text(errno));
        }
        return static_cast<std::size_t>(got);
    }

  private:
    explicit Line(Socket socket) : socket_(std::move(socket)) {}

    Socket socket_;
    std::unique_ptr<http::TlsClient> tls_;  // null on a plain line
};

Result<std::string> exchange(const RunningServer& server, const std::string& request) {
    Line line = TRY(Line::open(server));
    if (const auto sent = line.send(request); !sent) {
        return no_answer(server.url, sent.error().message);
    }
    std::string answer;
    std::array<char, 64 * 1024> piece{};
    for (;;) {
        const auto got = line.receive(piece.data(), piece.size());
        if (!got || answer.size() > kMostBytes) {
            return no_answer(server.url, got ? "the answer is too long" : got.error().message);
        }
        if (*got == 0) {
            return answer;
        }
        answer.append(piece.data(), *got);
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
        authority_of(url),
        server.key.empty() ? "" : fmt::format("X-API-Key: {}\r\n", server.key),
        body.size(),
        body
    );
    const std::string answer = TRY(exchange(server, request));
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
