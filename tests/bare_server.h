#pragma once
// SPDX-License-Identifier: Apache-2.0
// The least that answers a request over TCP: one thread, epoll, recv, send, and the same answer to
// everything. What it costs is the machine's part of what a server costs, to compare with.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>
#include <unordered_map>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/result.h"

namespace flywheel::testing {

class BareServer {
  public:
    /// Requests are known by their length only. Its thread is called as the gateway's are.
    BareServer(std::size_t request_bytes, std::string answer)
        : request_bytes_(request_bytes), answer_(std::move(answer)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        auto* const any = reinterpret_cast<sockaddr*>(&address);
        socklen_t size = sizeof(address);
        CHECK(::bind(listener_, any, size) == 0 && ::listen(listener_, 1024) == 0);
        CHECK(::getsockname(listener_, any, &size) == 0);
        port_ = ntohs(address.sin_port);
        watch(listener_);
        watch(stop_);
        thread_ = std::thread([this] { run(); });
    }

    BareServer(const BareServer&) = delete;
    BareServer& operator=(const BareServer&) = delete;

    ~BareServer() {
        const std::uint64_t one = 1;
        CHECK(::write(stop_, &one, sizeof(one)) == sizeof(one));
        thread_.join();
        for (const auto& [socket, bytes] : received_) {
            ::close(socket);
        }
        ::close(listener_);
        ::close(stop_);
        ::close(poll_);
    }

    [[nodiscard]] std::uint16_t port() const { return port_; }

  private:
    void watch(int socket) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = socket;
        CHECK(::epoll_ctl(poll_, EPOLL_CTL_ADD, socket, &event) == 0);
    }

    void run() {
        ::pthread_setname_np(::pthread_self(), "fw-http");
        std::array<epoll_event, 64> events{};
        for (;;) {
            const int ready = ::epoll_wait(poll_, events.data(), 64, -1);
            for (int e = 0; e < ready; ++e) {
                const int socket = events[static_cast<std::size_t>(e)].data.fd;
                if (socket == stop_) {
                    return;
                }
                if (socket == listener_) {
                    greet(::accept(listener_, nullptr, nullptr));
                } else {
                    serve(socket);
                }
            }
        }
    }

    void greet(int socket) {
        const int on = 1;
        ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        received_[socket] = 0;
        watch(socket);
    }

    void serve(int socket) {
        const ssize_t count = ::recv(socket, buffer_.data(), buffer_.size(), 0);
        if (count <= 0) {
            received_.erase(socket);
            ::close(socket);
            return;
        }
        std::size_t& received = received_[socket];
        received += static_cast<std::size_t>(count);
        if (received >= request_bytes_) {
            received -= request_bytes_;
            CHECK(::send(socket, answer_.data(), answer_.size(), MSG_NOSIGNAL) > 0);
        }
    }

    std::size_t request_bytes_;
    std::string answer_;
    int poll_ = ::epoll_create1(0);
    int listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    int stop_ = ::eventfd(0, 0);
    std::uint16_t port_ = 0;
    std::unordered_map<int, std::size_t> received_;
    std::array<char, std::size_t{64} * 1024> buffer_{};
    std::thread thread_;
};

}  // namespace flywheel::testing
