// SPDX-License-Identifier: Apache-2.0
// Open-loop load: requests are due at a constant rate whatever the server does, and each one's
// latency counts from when it was due (Gil Tene's coordinated omission). One thread, epoll,
// keep-alive connections to loopback. The standard library and Linux only; bench/open_loop.py runs
// it.
//
//   open_loop PORT REQUESTS RATE SECONDS CONNECTIONS ANSWERS
//
// REQUESTS holds whole HTTP requests, each behind its length (uint32, this machine's byte order);
// they are sent in turn. Into ANSWERS goes one record an answer: int32 status (-1 = the connection
// ended), float32 microseconds since it was due, float32 microseconds since it was sent. Prints
// JSON: unsent (due, but no connection was free until 10 s after the end) and late_us (p50, p99 and
// maximum of how long after its due time a request with a free connection was sent: the generator's
// own error).
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using Clock = std::chrono::steady_clock;
using Instant = Clock::time_point;

constexpr std::chrono::seconds kPatience{10};

[[noreturn]] void give_up(const std::string& what) {
    static_cast<void>(std::fprintf(stderr, "open_loop: %s\n", what.c_str()));
    std::exit(1);
}

float microseconds(Clock::duration time) {
    return std::chrono::duration<float, std::micro>(time).count();
}

struct Answer {
    std::int32_t status = 0;
    float since_due_us = 0;
    float since_sent_us = 0;
};

std::vector<std::string> read_requests(const char* path) {
    std::ifstream file(path, std::ios::binary);
    const std::string all(std::istreambuf_iterator<char>(file), {});
    std::vector<std::string> requests;
    for (std::size_t at = 0; at + sizeof(std::uint32_t) <= all.size();) {
        std::uint32_t size = 0;
        std::memcpy(&size, all.data() + at, sizeof size);
        requests.push_back(all.substr(at + sizeof size, size));
        at += sizeof size + size;
    }
    if (requests.empty()) {
        give_up(std::string("no requests in ") + path);
    }
    return requests;
}

/// One keep-alive connection with at most one request under way.
class Peer {
  public:
    Peer(int port, int poll) : port_(port), poll_(poll) { connect(); }

    void ask(std::string_view request, Instant due) {
        asked_ = true;
        sent_again_ = false;
        request_ = request;
        rest_ = request;
        head_.clear();
        body_left_ = -1;
        due_ = due;
        sent_ = Clock::now();
        write();
    }

    /// What the poll said has happened; true when the request is over, with `answer` filled.
    bool go_on(std::uint32_t events, Answer& answer) {
        if ((events & EPOLLOUT) != 0) {
            write();
        }
        if ((events & ~std::uint32_t{EPOLLOUT}) == 0) {
            return false;
        }
        answer.status = read();
        if (answer.status == 0) {
            return false;
        }
        const Instant now = Clock::now();
        answer.since_due_us = microseconds(now - due_);
        answer.since_sent_us = microseconds(now - sent_);
        if (answer.status < 0 || closes_) {
            ::close(socket_);
            connect();
        }
        if (answer.status < 0 && asked_ && head_.empty() && !sent_again_) {
            // The server ended a connection that was idle just when the request came: RFC 9112,
            // 9.3.1 has the client send it again.
            sent_again_ = true;
            rest_ = request_;
            write();
            return false;
        }
        return std::exchange(asked_, false);  // a server may end an idle connection too
    }

    [[nodiscard]] Instant sent() const { return sent_; }

  private:
    void connect() {
        socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port_));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            give_up("cannot connect to port " + std::to_string(port_));
        }
        const int on = 1;
        ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        closes_ = false;
        listen_for(EPOLLIN, EPOLL_CTL_ADD);
    }

    void listen_for(std::uint32_t events, int how) {
        epoll_event event{};
        event.events = events;
        event.data.ptr = this;
        ::epoll_ctl(poll_, how, socket_, &event);
        events_ = events;
    }

    void write() {
        while (!rest_.empty()) {
            const ssize_t count =
                ::send(socket_, rest_.data(), rest_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
            if (count < 0) {
                break;  // full, or gone, which reading tells
            }
            rest_.remove_prefix(static_cast<std::size_t>(count));
        }
        const std::uint32_t wanted = rest_.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT;
        if (wanted != events_) {
            listen_for(wanted, EPOLL_CTL_MOD);
        }
    }

    /// The status when the answer is whole; 0 = more to come; -1 = the connection is over.
    int read() {
        static std::array<char, std::size_t{1} << 16U> some;
        const ssize_t count = ::recv(socket_, some.data(), some.size(), MSG_DONTWAIT);
        if (count <= 0) {
            return count < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
        }
        if (body_left_ >= 0) {
            body_left_ -= count;
        } else {
            head_.append(some.data(), static_cast<std::size_t>(count));
            const std::size_t end = head_.find("\r\n\r\n");
            if (end == std::string::npos) {
                return 0;
            }
            const std::size_t beyond = head_.size() - end - 4;
            head_.resize(end);
            body_left_ = field("content-length:") - static_cast<std::int64_t>(beyond);
            closes_ = head_.find("Connection: close") != std::string::npos;
        }
        return body_left_ <= 0 ? std::atoi(head_.c_str() + std::strlen("HTTP/1.1 ")) : 0;
    }

    /// The number behind this name in the head, any case of letters.
    [[nodiscard]] std::int64_t field(std::string_view name) const {
        const auto found = std::search(
            head_.begin(),
            head_.end(),
            name.begin(),
            name.end(),
            [](char in_head, char wanted) { return (in_head | 0x20) == (wanted | 0x20); }
        );
        if (found == head_.end()) {
            give_up("an answer without Content-Length");
        }
        return std::atoll(&*found + name.size());
    }

    int port_;
    int poll_;
    int socket_ = -1;
    std::uint32_t events_ = 0;
    std::string_view request_;
    std::string_view rest_;
    std::string head_;
    std::int64_t body_left_ = -1;
    bool closes_ = false;
    bool asked_ = false;
    bool sent_again_ = false;
    Instant due_;
    Instant sent_;
};

class Load {
  public:
    Load(int port, std::size_t connections, const std::vector<std::string>& requests)
        : requests_(&requests), poll_(::epoll_create1(0)) {
        for (std::size_t n = 0; n < connections; ++n) {
            peers_.push_back(std::make_unique<Peer>(port, poll_));
            free_.push_back(peers_.back().get());
        }
    }

    void run(double rate, double seconds) {
        const auto after = [](double time) {
            return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(time));
        };
        const Instant begun = Clock::now();
        const Instant end = begun + after(seconds);
        std::int64_t number = 0;
        Instant next = begun;
        for (Instant now = begun;
             now < end || (free_.size() < peers_.size() && now < end + kPatience);
             now = Clock::now()) {
            while (next <= now && next < end) {
                due_.push_back(next);
                next = begun + after(static_cast<double>(++number) / rate);
            }
            send();
            wait(next < end ? next : std::max(now, end) + std::chrono::milliseconds(1));
        }
    }

    void write_answers(const char* path) const {
        std::ofstream file(path, std::ios::binary);
        file.write(
            reinterpret_cast<const char*>(answers_.data()),
            static_cast<std::streamsize>(answers_.size() * sizeof(Answer))
        );
        if (!file.flush()) {
            give_up(std::string("cannot write ") + path);
        }
    }

    void print() {
        std::sort(late_us_.begin(), late_us_.end());
        const auto at = [this](double share) {
            const auto last = static_cast<double>(late_us_.size()) - 1;
            return late_us_.empty()
                       ? 0.0
                       : static_cast<double>(late_us_[static_cast<std::size_t>(last * share)]);
        };
        std::printf(
            "{\"unsent\": %zu, \"late_us\": {\"p50\": %.1f, \"p99\": %.1f, \"max\": %.1f}}\n",
            due_.size(),
            at(0.5),
            at(0.99),
            at(1)
        );
    }

  private:
    void send() {
        while (!due_.empty() && !free_.empty()) {
            const bool waited = had_to_wait_ > 0;
            had_to_wait_ -= waited ? 1 : 0;
            Peer* peer = free_.back();
            free_.pop_back();
            peer->ask((*requests_)[sent_++ % requests_->size()], due_.front());
            if (!waited) {
                late_us_.push_back(microseconds(peer->sent() - due_.front()));
            }
            due_.pop_front();
        }
        had_to_wait_ = due_.size();  // for a connection, which is the server's slowness
    }

    void wait(Instant until) {
        const auto left = std::max(until - Clock::now(), Clock::duration::zero());
        const timespec time{
            static_cast<time_t>(left / std::chrono::seconds(1)),
            static_cast<long>((left % std::chrono::seconds(1)).count())
        };
        std::array<epoll_event, 64> events;
        const int count = ::epoll_pwait2(poll_, events.data(), events.size(), &time, nullptr);
        for (int n = 0; n < count; ++n) {
            Peer* peer = static_cast<Peer*>(events[static_cast<std::size_t>(n)].data.ptr);
            Answer answer;
            if (peer->go_on(events[static_cast<std::size_t>(n)].events, answer)) {
                answers_.push_back(answer);
                free_.push_back(peer);
            }
        }
    }

    const std::vector<std::string>* requests_;
    int poll_;
    std::vector<std::unique_ptr<Peer>> peers_;
    std::vector<Peer*> free_;
    std::deque<Instant> due_;
    std::size_t had_to_wait_ = 0;  ///< So many at the front of due_ found no free connection.
    std::size_t sent_ = 0;
    std::vector<Answer> answers_;
    std::vector<float> late_us_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 7) {
        give_up("usage: open_loop PORT REQUESTS RATE SECONDS CONNECTIONS ANSWERS");
    }
    ::prctl(PR_SET_TIMERSLACK, 1UL);
    const auto requests = read_requests(argv[2]);
    Load load(std::atoi(argv[1]), static_cast<std::size_t>(std::atoi(argv[5])), requests);
    load.run(std::atof(argv[3]), std::atof(argv[4]));
    load.write_answers(argv[6]);
    load.print();
    return 0;
}
