#pragma once
// SPDX-License-Identifier: Apache-2.0
// Load for benchmarks: connections with one request under way each, and what the server's threads
// cost meanwhile.

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <sys/epoll.h>

#include "base/result.h"
#include "raw_client.h"

namespace flywheel::testing {

/// CPU nanoseconds of this process's threads of that name.
inline std::uint64_t thread_cpu_nanos(std::string_view name) {
    std::uint64_t sum = 0;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
        std::string comm;
        std::getline(std::ifstream(task.path() / "comm") >> std::ws, comm);
        std::uint64_t nanos = 0;
        if (comm == name && std::ifstream(task.path() / "schedstat") >> nanos) {
            sum += nanos;
        }
    }
    return sum;
}

/// Connections that each send, wait for the answer, and send again.
class LoadPeers {
  public:
    LoadPeers(std::uint16_t port, int count, std::string request)
        : request_(std::move(request)), poll_(::epoll_create1(0)) {
        for (int i = 0; i < count; ++i) {
            clients_.push_back(std::make_unique<RawClient>(port));
            epoll_event event{};
            event.events = EPOLLIN;
            event.data.u32 = static_cast<std::uint32_t>(i);
            ::epoll_ctl(poll_, EPOLL_CTL_ADD, clients_.back()->socket(), &event);
        }
        sent_.resize(clients_.size());
    }

    LoadPeers(const LoadPeers&) = delete;
    LoadPeers& operator=(const LoadPeers&) = delete;

    ~LoadPeers() { ::close(poll_); }

    /// Sends until `requests` were answered 200. Who is refused (503) sends again at once.
    void run(std::size_t requests) {
        for (std::size_t i = 0; i < clients_.size(); ++i) {
            send(i);
        }
        std::size_t left = requests;
        std::array<epoll_event, 64> events{};
        std::array<char, 16 * 1024> buffer{};
        while (left > 0) {
            const int ready = ::epoll_wait(poll_, events.data(), 64, -1);
            for (int e = 0; e < ready; ++e) {
                const std::size_t i = events[static_cast<std::size_t>(e)].data.u32;
                CHECK(::recv(clients_[i]->socket(), buffer.data(), buffer.size(), 0) > 12);
                const bool good = std::string_view(buffer.data() + 9, 3) == "200";
                CHECK(good || std::string_view(buffer.data() + 9, 3) == "503");
                const auto took = (std::chrono::steady_clock::now() - sent_[i]).count();
                (good ? answered_ : refused_).push_back(took);
                left -= good ? 1 : 0;
                if (!good || left >= clients_.size()) {
                    send(i);
                }
            }
        }
    }

    /// Nanoseconds of each request.
    [[nodiscard]] const std::vector<std::int64_t>& answered() const { return answered_; }

    [[nodiscard]] const std::vector<std::int64_t>& refused() const { return refused_; }

  private:
    void send(std::size_t i) {
        sent_[i] = std::chrono::steady_clock::now();
        clients_[i]->send(request_);
    }

    std::string request_;
    int poll_;
    std::vector<std::unique_ptr<RawClient>> clients_;
    std::vector<std::chrono::steady_clock::time_point> sent_;
    std::vector<std::int64_t> answered_;
    std::vector<std::int64_t> refused_;
};

}  // namespace flywheel::testing
