#pragma once
// SPDX-License-Identifier: Apache-2.0
// One connection as a coroutine on its loop's thread, and the loop it lives on. Private to the
// server's .cpp files: the only header that names the network library.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "gateway/http/chunked_body.h"
#include "gateway/http/http_server.h"
#include "gateway/http/late_answer.h"
#include "gateway/http/request_head.h"
#include "gateway/http/slow_lane.h"

namespace flywheel::http {

namespace asio = boost::asio;
/// A larger buffer is given back after its request.
constexpr std::size_t kKeptBuffer = 256 * 1024;
/// What a connection may hold without being counted.
constexpr std::size_t kFreeBuffer = 32 * 1024;

using Instant = std::chrono::steady_clock::time_point;

class Connection;

/// What all loops of one server share.
struct Shared {
    const Router* router = nullptr;
    HttpServerPlan plan;
    std::atomic<std::size_t> connections = 0;
    std::atomic<std::size_t> in_flight = 0;
    std::atomic<std::size_t> buffered = 0;  ///< Of all connections, beside what is free.
    std::atomic<bool> closing = false;      ///< Answers carry Connection: close.
    std::atomic<bool> stopping = false;     ///< No new connections; idle ones end.
    std::mutex mutex;
    std::condition_variable one_less;  ///< A connection has ended, or nobody waits for one.
    bool hurried = false;              ///< Under the mutex.
    SlowLane* slow_lane = nullptr;
    const TlsIdentity* tls = nullptr;  ///< Null = plain HTTP.
    std::atomic<std::uint64_t> tls_failures = 0;
};

/// One event loop. Everything but `context` belongs to the thread that runs it.
struct Loop {
    explicit Loop(Shared& all) : shared(&all), acceptor(context), timer(context) {}

    Shared* shared;
    asio::io_context context{1};
    asio::ip::tcp::acceptor acceptor;
    asio::steady_timer timer;  ///< The one timer: looks for connections that are late.
    std::chrono::milliseconds tick{250};
    Instant now;         ///< Coarse: as of the last tick.
    bool ended = false;  ///< No tick any more.
    std::vector<Connection*> connections;
};

class Connection final : public Deferral {
  public:
    Connection(Loop& loop, asio::ip::tcp::socket socket);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() override;

    /// The life of the connection.
    static asio::awaitable<void> live(std::unique_ptr<Connection> self);

    /// Called by the loop each tick: gives up waiting when the peer is late.
    void look_at_clock(Instant now);
    /// The server is stopping: a connection between requests ends.
    void end_if_idle();
    /// Ends whatever it does now.
    void cut();

    [[nodiscard]] std::shared_ptr<LateAnswer> defer(std::function<void()> gone) override;
    [[nodiscard]] std::shared_ptr<const void> keep_body() override;
    /// The answer that was put off is there. The loop's thread.
    void stop_waiting();

    [[nodiscard]] asio::io_context& context() const { return loop_->context; }

  private:
    enum class Phase { FirstByte, Idle, Head, Body, Busy, Write, Linger };
    enum class Step { Go, More, Refused };
    /// What is to be expected of the peer while its answer is made.
    enum class Peer { Sends, Waits, HasGone };

    asio::awaitable<void> serve();
    bool needs_body(Step step);
    void begin_work();
    bool run_at_once();
    asio::awaitable<bool> run_in_time();
    asio::awaitable<bool> fill();
    asio::awaitable<bool> read_body();
    asio::awaitable<bool> read_chunks();
    asio::awaitable<bool> send_continue();
    asio::awaitable<void> run_slow();
    asio::awaitable<bool> await_answer();
    asio::awaitable<bool> send_pieces();
    asio::awaitable<bool> write_rest();
    asio::awaitable<void> linger();
    asio::awaitable<bool> shake_hands();
    asio::awaitable<void> answer_refused();

    Step find_request();
    Step choose_route();
    [[nodiscard]] bool body_is_here() const;
    void refuse(const Refusal& refusal);
    void move_head_away();
    void store_head();
    void view_head();
    void view_request();
    void run_route();
    bool is_put_off();
    void settle(const Result<void>& outcome);
    Peer read_ahead();
    std::shared_ptr<const void> take_bytes();
    void ask_whether_there();
    void encode_head();
    void encode_piece();
    bool write_now();
    std::size_t read_some(asio::mutable_buffer to, boost::system::error_code& error);
    std::size_t write_some(asio::const_buffer from, boost::system::error_code& error);
    boost::system::error_code error_of(TlsStep step);
    bool speaks_plainly();
    [[nodiscard]] std::size_t progress() const;
    void finish_request();

    void wait_at_most(Phase phase, std::chrono::milliseconds limit);
    void make_room();
    /// Counts what this connection holds now; false when all together hold too much.
    bool count_memory();

    [[nodiscard]] std::string_view unread() const {
        return {bytes_.data() + begin_, end_ - begin_};
    }

    Loop* loop_;
    asio::ip::tcp::socket socket_;
    std::unique_ptr<TlsSession> tls_;  // null on a plain connection
    asio::ip::tcp::socket::wait_type tls_waits_ = asio::ip::tcp::socket::wait_read;
    std::size_t slot_ = 0;  // in loop_->connections

    std::vector<char> bytes_;  // what was read; kBodySlack bytes at the end stay unused
    std::size_t begin_ = 0;
    std::size_t end_ = 0;

    HeadSearch search_;
    RequestHead head_;
    std::string_view head_text_;  // the head, while it stands in bytes_
    std::string head_store_;      // the head, when its body or its answer had to be waited for
    ChunkedBody chunks_;
    RouteMatch match_;
    std::string caller_;  // name of the key that the request showed
    HttpRequest request_;
    HttpResponse response_;
    std::shared_ptr<LateAnswer> owed_;  // the answer was put off
    std::string_view interim_left_;     // of an interim answer that the kernel took in part
    std::string out_;
    std::size_t written_ = 0;   // of out_ and, behind it, the body
    std::size_t buffered_ = 0;  // as it was counted last

    Phase phase_ = Phase::FirstByte;
    Instant deadline_ = Instant::max();
    bool late_ = false;
    bool keep_alive_ = true;
    std::shared_ptr<const void> taken_;  // bytes that the request's views still look at
    std::string remote_;                 // the peer's address
    std::size_t answer_bytes_ = 0;       // of the answer's body
    bool head_known_ = false;            // head_ holds the head of this request
    bool answers_error_ = false;         // response_ is ready, no route runs
    bool head_only_ = false;             // HEAD: the answer has no body
    bool in_pieces_ = false;             // the answer's body comes piece by piece
    Instant first_piece_;                // when the first of them was on its way
    bool in_flight_ = false;
};

}  // namespace flywheel::http
