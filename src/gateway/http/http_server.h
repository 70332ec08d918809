#pragma once
// SPDX-License-Identifier: Apache-2.0
// The HTTP/1.1 server: N threads, each with its own event loop and its own listening socket on the
// same port, one coroutine a connection. Made by app/ and by tests, many in one process if wanted;
// start and stop it from a thread of your own, never from a route.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "gateway/http/chunked_body.h"
#include "gateway/http/request_head.h"
#include "gateway/http/router.h"
#include "gateway/http/tls_identity.h"

namespace flywheel::http {

/// One answered request, as the observer is told; what it points at lasts until it returns.
struct HttpTrace {
    const Route* route = nullptr;  ///< Null when no route was found or the head was refused.
    std::size_t route_index = 0;   ///< In Router::routes(), when there is a route.
    int status = 0;
    std::chrono::nanoseconds duration{
    };  ///< From the last byte read to the answer handed to the kernel.
    const HttpRequest* request = nullptr;  ///< Null when its head was refused.
    const AnswerNotes* notes = nullptr;
    std::string_view remote{};  ///< The peer's address.
    std::size_t bytes_in = 0;   ///< Of the request's body.
    std::size_t bytes_out = 0;  ///< Of the answer's body.
};

/// Is told of each answer, on the connection's thread: be quick, take no lock.
class HttpObserver {
  public:
    HttpObserver() = default;
    HttpObserver(const HttpObserver&) = delete;
    HttpObserver& operator=(const HttpObserver&) = delete;
    virtual ~HttpObserver() = default;

    virtual void answered(const HttpTrace& trace) = 0;
};

/// How long a peer may take.
struct HttpTimeOuts {
    std::chrono::milliseconds head =
        std::chrono::seconds(10);  ///< First byte, and the whole head: 408.
    std::chrono::milliseconds body = std::chrono::seconds(30);  ///< Plus one second a MiB: 408.
    std::chrono::milliseconds idle = std::chrono::seconds(75);  ///< Between requests: silent close.
    std::chrono::milliseconds write = std::chrono::seconds(30);  ///< Without progress: reset.
};

struct HttpServerPlan {
    std::string address = "127.0.0.1";     ///< IPv4 or IPv6 literal.
    std::uint16_t port = 8000;             ///< 0 = any free one.
    int threads = 0;                       ///< 0 = half the cores, at least one.
    int workers = 2;                       ///< Threads for slow routes.
    std::size_t max_connections = 10'000;  ///< More are answered 503 and closed.
    /// Bodies and answers that connections hold, all together, beside 32 KiB each. Over it a body
    /// is answered 503, and an answer that its peer does not take is given up with its connection.
    std::size_t max_buffered = 1024 * 1024 * 1024;
    HeadLimits head{};
    std::size_t max_chunks = kMaxChunks;  ///< Of a body sent in chunks: 413.
    HttpTimeOuts time_outs{};             ///< A TLS handshake counts as part of the first head.
    std::optional<TlsPlan> tls = {};      ///< Nothing = plain HTTP.
    HttpObserver* observer = nullptr;     ///< Outlives the server.
    Guard* guard = nullptr;  ///< Outlives the server; null = everybody may do everything.
};

class HttpServer {
    struct Loops;

  public:
    /// For start() only.
    explicit HttpServer(std::unique_ptr<Loops> loops);
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;
    ~HttpServer();  ///< stop() without waiting for requests in flight.

    /// Listens and answers from now on. `router` outlives the server and no longer changes.
    /// Unavailable when the address cannot be bound (names it).
    static Result<std::unique_ptr<HttpServer>> start(const Router& router, HttpServerPlan plan);

    /// First half of a shutdown: everything goes on, but answers carry `Connection: close`.
    void announce_close();
    /// Stops accepting, closes idle connections, finishes requests in flight for at most
    /// `finish_within`, then closes what is left. Returns when all threads have ended. Twice is
    /// once.
    void stop(std::chrono::milliseconds finish_within);

    /// A stop() that runs or comes waits no longer for requests in flight. Any thread.
    void hurry();

    [[nodiscard]] std::uint16_t port() const;
    [[nodiscard]] std::size_t connections() const;
    [[nodiscard]] std::size_t in_flight() const;
    /// Connections that ended before TLS stood.
    [[nodiscard]] std::uint64_t tls_failures() const;

  private:
    std::unique_ptr<Loops> loops_;
};

}  // namespace flywheel::http
