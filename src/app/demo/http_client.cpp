// SPDX-License-Identifier: Apache-2.0
#include "app/demo/http_client.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace flywheel::app {

namespace {

Error unavailable(std::string_view what) {
    return make_error(Code::Unavailable, fmt::format("{}: {}", what, std::strerror(errno)));
}

/// Value of Content-Length in an answer's head; -1 when there is none.
std::int64_t content_length(std::string_view head) {
    constexpr std::string_view kName = "content-length:";
    for (std::size_t at = head.find("\r\n"); at != std::string_view::npos;
         at = head.find("\r\n", at + 2)) {
        std::string_view line = head.substr(at + 2);
        if (line.size() < kName.size()) {
            break;
        }
        bool same = true;
        for (std::size_t i = 0; i < kName.size(); ++i) {
            const char lower =
                line[i] >= 'A' && line[i] <= 'Z' ? static_cast<char>(line[i] + 32) : line[i];
            same = same && lower == kName[i];
        }
        if (same) {
            line.remove_prefix(kName.size());
            line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
            std::int64_t length = -1;
            std::from_chars(line.data(), line.data() + line.size(), length);
            return length;
        }
    }
    return -1;
}

}  // namespace

HttpClient::~HttpClient() {
    close();
}

void HttpClient::close() {
    if (socket_ >= 0) {
        ::close(socket_);
        socket_ = -1;
    }
    buffer_.clear();
}

Result<void> HttpClient::connect() {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket_ < 0) {
        return unavailable("Cannot make a socket");
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        Error error = unavailable(fmt::format("Cannot reach the server on port {}", port_));
        close();
        return error;
    }
    const int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return {};
}

Result<void> HttpClient::send_all(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent <= 0) {
            return unavailable("The server closed the connection");
        }
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return {};
}

Result<void> HttpClient::receive_more() {
    std::array<char, 16384> piece{};
    for (;;) {
        const auto got = ::recv(socket_, piece.data(), piece.size(), 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return unavailable("The server closed the connection");
        }
        buffer_.append(piece.data(), static_cast<std::size_t>(got));
        return {};
    }
}

Result<HttpAnswer> HttpClient::receive() {
    std::size_t head_end = buffer_.find("\r\n\r\n");
    while (head_end == std::string::npos) {
        TRY(receive_more());
        head_end = buffer_.find("\r\n\r\n");
    }
    const std::int64_t length = content_length(std::string_view(buffer_).substr(0, head_end + 2));
    if (length < 0) {
        return make_error(Code::Internal, "The answer has no Content-Length");
    }
    const std::size_t end = head_end + 4 + static_cast<std::size_t>(length);
    while (buffer_.size() < end) {
        TRY(receive_more());
    }
    HttpAnswer answer;
    std::from_chars(buffer_.data() + 9, buffer_.data() + 12, answer.status);  // "HTTP/1.1 200"
    answer.body = buffer_.substr(head_end + 4, static_cast<std::size_t>(length));
    buffer_.erase(0, end);
    return answer;
}

Result<HttpAnswer> HttpClient::exchange(std::string_view head, std::string_view body) {
    std::string message;
    message.reserve(head.size() + body.size());
    message.append(head).append(body);
    for (int attempt = 0;; ++attempt) {
        const bool fresh = socket_ < 0;
        if (fresh) {
            TRY(connect());
        }
        auto answer = [&]() -> Result<HttpAnswer> {
            TRY(send_all(message));
            return receive();
        }();
        if (answer || fresh || attempt > 0) {
            return answer;
        }
        close();
    }
}

Result<HttpAnswer> HttpClient::get(std::string_view target) {
    return exchange(fmt::format("GET {} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", target), "");
}

Result<HttpAnswer> HttpClient::post(std::string_view target, std::string_view body) {
    return exchange(
        fmt::format(
            "POST {} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: "
            "application/json\r\nContent-Length: {}\r\n\r\n",
            target,
            body.size()
        ),
        body
    );
}

}  // namespace flywheel::app
