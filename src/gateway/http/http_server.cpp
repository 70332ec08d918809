// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/http_server.h"

#include <algorithm>
#include <csignal>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <pthread.h>

#include "base/log.h"
#include "gateway/http/connection.h"

namespace flywheel::http {

namespace {

using asio::awaitable;
using asio::redirect_error;
using asio::use_awaitable;
using boost::system::error_code;
using Tcp = asio::ip::tcp;
using PortSharing = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

constexpr int kBacklog = 4096;
constexpr std::chrono::milliseconds kLongestTick{250};
constexpr std::chrono::milliseconds kShortestTick{5};
constexpr std::chrono::milliseconds kPauseWithoutDescriptors{50};

/// Late connections are found within an eighth of the shortest time-out.
std::chrono::milliseconds tick_for(const HttpTimeOuts& outs) {
    const auto shortest = std::min({outs.head, outs.body, outs.idle, outs.write});
    return std::clamp(shortest / 8, kShortestTick, kLongestTick);
}

/// Over the limit: a word of explanation, if the kernel takes it at once, and goodbye.
void turn_away(Tcp::socket& socket, std::size_t limit) {
    const std::string body =
        fmt::format(R"({{"error":"Too many connections; try again: at most {}"}})", limit);
    const std::string answer = fmt::format(
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n"
        "Content-Length: {}\r\nRetry-After: 1\r\nConnection: close\r\n\r\n{}",
        body.size(),
        body
    );
    error_code ignored;
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(answer), ignored);
    socket.shutdown(Tcp::socket::shutdown_send, ignored);
}

void adopt(Loop& loop, Tcp::socket socket) {
    Shared& shared = *loop.shared;
    if (shared.connections.fetch_add(1) >= shared.plan.max_connections) {
        shared.connections -= 1;
        if (shared.tls == nullptr) {
            turn_away(socket, shared.plan.max_connections);
        }
        return;
    }
    asio::co_spawn(
        loop.context,
        Connection::live(std::make_unique<Connection>(loop, std::move(socket))),
        asio::detached
    );
}

awaitable<void> accept_connections(Loop& loop) {
    while (loop.acceptor.is_open()) {
        error_code error;
        Tcp::socket socket =
            co_await loop.acceptor.async_accept(redirect_error(use_awaitable, error));
        if (!error) {
            adopt(loop, std::move(socket));
        } else if (error != asio::error::operation_aborted) {
            // No descriptors left, most likely: it would fail again at once.
            asio::steady_timer pause(loop.context, kPauseWithoutDescriptors);
            co_await pause.async_wait(redirect_error(use_awaitable, error));
        }
    }
}

void watch_clock(Loop& loop) {
    loop.now = std::chrono::steady_clock::now();
    for (Connection* connection : loop.connections) {
        connection->look_at_clock(loop.now);
    }
    loop.timer.expires_after(loop.tick);
    loop.timer.async_wait([&loop](error_code error) {
        if (!error && !loop.ended) {
            watch_clock(loop);
        }
    });
}

/// Takes what waits in the kernel's queue (closing would reset it), then no more.
void stop_accepting(Loop& loop) {
    error_code error;
    loop.acceptor.non_blocking(true, error);
    while (!error) {
        Tcp::socket socket(loop.context);
        loop.acceptor.accept(socket, error);
        if (!error) {
            adopt(loop, std::move(socket));
        }
    }
    loop.acceptor.close(error);
    for (Connection* connection : loop.connections) {
        connection->end_if_idle();
    }
}

Error cannot_listen(const Tcp::endpoint& endpoint, const error_code& error) {
    return make_error(
        Code::Unavailable,
        fmt::format(
            "Cannot listen on {} port {}: {}",
            endpoint.address().to_string(),
            endpoint.port(),
            error.message()
        )
    );
}

Result<void> bind(Loop& loop, const Tcp::endpoint& endpoint) {
    error_code error;
    Tcp::acceptor& acceptor = loop.acceptor;
    acceptor.open(endpoint.protocol(), error);
    if (!error) {
        acceptor.set_option(Tcp::acceptor::reuse_address(true), error);
    }
    if (!error) {
        acceptor.set_option(PortSharing(true), error);
    }
    if (!error) {
        acceptor.bind(endpoint, error);
    }
    if (!error) {
        acceptor.listen(kBacklog, error);
    }
    if (error) {
        return cannot_listen(endpoint, error);
    }
    return {};
}

/// A second server must not share the port by accident: SO_REUSEPORT would let it.
Result<void> claim(const Tcp::endpoint& endpoint) {
    if (endpoint.port() == 0) {
        return {};
    }
    asio::io_context context;
    Tcp::acceptor probe(context);
    error_code error;
    probe.open(endpoint.protocol(), error);
    probe.set_option(Tcp::acceptor::reuse_address(true), error);
    probe.bind(endpoint, error);
    if (error) {
        return cannot_listen(endpoint, error);
    }
    return {};
}

}  // namespace

struct HttpServer::Loops {
    Shared shared;
    std::unique_ptr<TlsIdentity> tls;
    std::vector<std::unique_ptr<Loop>> loops;
    std::unique_ptr<SlowLane> slow_lane;
    std::vector<asio::executor_work_guard<asio::io_context::executor_type>> guards;
    std::vector<std::thread> threads;
    std::uint16_t port = 0;

    template <class Function>
    void on_each(Function function) {
        for (auto& loop : loops) {
            asio::post(loop->context, [function, one = loop.get()] { function(*one); });
        }
    }

    void run();
    void stop(std::chrono::milliseconds finish_within);
};

void HttpServer::Loops::run() {
    for (auto& loop : loops) {
        guards.emplace_back(loop->context.get_executor());
        watch_clock(*loop);
        asio::co_spawn(loop->context, accept_connections(*loop), asio::detached);
        threads.emplace_back([one = loop.get()] {
            // OpenSSL writes to sockets without MSG_NOSIGNAL: a peer that has gone is an error.
            sigset_t broken_pipe;
            sigemptyset(&broken_pipe);
            sigaddset(&broken_pipe, SIGPIPE);
            pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
            one->context.run();
        });
        pthread_setname_np(threads.back().native_handle(), "fw-http");
    }
}

void HttpServer::Loops::stop(std::chrono::milliseconds finish_within) {
    if (threads.empty()) {
        return;
    }
    shared.closing = true;
    shared.stopping = true;
    on_each(stop_accepting);
    const auto none = [this] { return shared.connections == 0 || shared.hurried; };
    {
        std::unique_lock lock(shared.mutex);
        shared.one_less.wait_for(lock, finish_within, none);
    }
    on_each([](Loop& loop) {
        for (Connection* connection : loop.connections) {
            connection->cut();
        }
        loop.ended = true;  // a tick may be on its way already, beyond cancel's reach
        loop.timer.cancel();
        loop.acceptor.close();
    });
    guards.clear();
    for (std::thread& thread : threads) {
        thread.join();
    }
    threads.clear();
    slow_lane.reset();  // its jobs touch connections and loops, so they end while those exist
}

HttpServer::HttpServer(std::unique_ptr<Loops> loops) : loops_(std::move(loops)) {}

HttpServer::~HttpServer() {
    stop(std::chrono::milliseconds(0));
}

Result<std::unique_ptr<HttpServer>> HttpServer::start(const Router& router, HttpServerPlan plan) {
    error_code error;
    const auto address = asio::ip::make_address(plan.address, error);
    if (error) {
        return invalid_argument(
            fmt::format("Address to listen on is no IP address: '{}'", plan.address)
        );
    }
    Tcp::endpoint endpoint(address, plan.port);
    TRY(claim(endpoint));
    auto loops = std::make_unique<Loops>();
    const int half_the_cores = static_cast<int>(std::thread::hardware_concurrency() / 2);
    const int count = plan.threads > 0 ? plan.threads : std::max(1, half_the_cores);
    loops->slow_lane = std::make_unique<SlowLane>(plan.workers);
    if (plan.tls) {
        loops->tls = TRY(TlsIdentity::open(*plan.tls));
        loops->shared.tls = loops->tls.get();
    }
    loops->shared.router = &router;
    loops->shared.slow_lane = loops->slow_lane.get();
    for (int i = 0; i < count; ++i) {
        auto loop = std::make_unique<Loop>(loops->shared);
        loop->tick = tick_for(plan.time_outs);
        TRY(bind(*loop, endpoint));
        endpoint.port(loop->acceptor.local_endpoint().port());  // the others share it
        loops->loops.push_back(std::move(loop));
    }
    loops->port = endpoint.port();
    loops->shared.plan = std::move(plan);
    loops->run();
    log_info(
        "http.listening",
        {{"address", address.to_string()}, {"port", int{loops->port}}, {"threads", count}}
    );
    return std::make_unique<HttpServer>(std::move(loops));
}

void HttpServer::announce_close() {
    loops_->shared.closing = true;
}

void HttpServer::stop(std::chrono::milliseconds finish_within) {
    loops_->stop(finish_within);
}

void HttpServer::hurry() {
    {
        const std::scoped_lock lock(loops_->shared.mutex);
        loops_->shared.hurried = true;
    }
    loops_->shared.one_less.notify_all();
}

std::uint16_t HttpServer::port() const {
    return loops_->port;
}

std::size_t HttpServer::connections() const {
    return loops_->shared.connections;
}

std::size_t HttpServer::in_flight() const {
    return loops_->shared.in_flight;
}

std::uint64_t HttpServer::tls_failures() const {
    return loops_->shared.tls_failures;
}

}  // namespace flywheel::http
