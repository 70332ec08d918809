#pragma once
// SPDX-License-Identifier: Apache-2.0
// A client on a plain blocking socket, for tests that must say exactly which bytes go over the
// wire.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/result.h"

namespace flywheel::testing {

struct RawAnswer {
    int status = 0;  ///< 0 = the connection ended before an answer.
    std::string head;
    std::string body;
};

class RawClient {
  public:
    explicit RawClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const timeval patience{20, 0};
        const int on = 1;
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    }

    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;

    ~RawClient() { ::close(socket_); }

    [[nodiscard]] bool connected() const { return connected_; }

    [[nodiscard]] int socket() const { return socket_; }

    /// False when the server has closed.
    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (count <= 0) {
                return false;
            }
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
        return true;
    }

    /// Sends nothing more; the answer can still be read.
    void end_of_sending() { ::shutdown(socket_, SHUT_WR); }

    /// The next answer; its body by Content-Length. `head_only` for the answer to HEAD.
    RawAnswer answer(bool head_only = false) {
        std::size_t end = 0;
        while ((end = read_.find("\r\n\r\n")) == std::string::npos) {
            if (!more()) {
                return {};
            }
        }
        RawAnswer answer;
        answer.head = read_.substr(0, end + 2);
        read_.erase(0, end + 4);
        answer.status = std::stoi(answer.head.substr(9, 3));
        const std::size_t field = answer.head.find("Content-Length: ");
        const std::size_t length = head_only || field == std::string::npos
                                       ? 0
                                       : std::stoul(answer.head.substr(field + 16));
        while (read_.size() < length) {
            if (!more()) {
                return {};
            }
        }
        answer.body = read_.substr(0, length);
        read_.erase(0, length);
        return answer;
    }

    RawAnswer ask(std::string_view request, bool head_only = false) {
        send(request);
        return answer(head_only);
    }

    /// The next `count` bytes as they came; fewer when the server has closed.
    std::string bytes(std::size_t count) {
        while (read_.size() < count && more()) {
        }
        std::string taken = read_.substr(0, count);
        read_.erase(0, taken.size());
        return taken;
    }

    /// Waits for the server to close; false when it sends something instead, or does nothing for
    /// long.
    bool closed_by_server() {
        char byte = 0;
        return read_.empty() && ::recv(socket_, &byte, 1, 0) == 0;
    }

  private:
    bool more() {
        char buffer[16 * 1024];
        const ssize_t count = ::recv(socket_, buffer, sizeof buffer, 0);
        if (count <= 0) {
            return false;
        }
        read_.append(buffer, static_cast<std::size_t>(count));
        return true;
    }

    int socket_;
    bool connected_ = false;
    std::string read_;
};

/// A GET of `target` on a connection that stays.
inline std::string get_request(std::string_view target) {
    return "GET " + std::string(target) + " HTTP/1.1\r\nHost: test\r\n\r\n";
}

inline std::string post_request(
    std::string_view target, std::string_view body, std::string_view fields = ""
) {
    return "POST " + std::string(target) + " HTTP/1.1\r\nHost: test\r\n" + std::string(fields) +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

}  // namespace flywheel::testing
