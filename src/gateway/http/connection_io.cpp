// SPDX-License-Identifier: Apache-2.0
// Connection's reading and writing: everything that awaits the peer.
#include <algorithm>
#include <array>
#include <cstring>
#include <utility>  // Asio 1.74 uses std::exchange without it

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "gateway/http/connection.h"

namespace flywheel::http {

namespace {

using asio::awaitable;
using asio::redirect_error;
using asio::use_awaitable;
using boost::system::error_code;

constexpr std::size_t kFirstBuffer = 4 * 1024;
constexpr std::size_t kReadAhead = 16 * 1024;  // of further requests, while an answer is made
constexpr std::size_t kLingerBytes = 128 * 1024 * 1024;
constexpr std::chrono::seconds kLinger{3};
constexpr std::uint64_t kMebibyte = 1024 * 1024;

}  // namespace

awaitable<bool> Connection::read_body() {
    move_head_away();
    if (head_.expects_continue && begin_ == end_ && !co_await send_continue()) {
        co_return false;
    }
    const std::uint64_t expected = head_.chunked ? match_.route->body_limit : head_.content_length;
    wait_at_most(
        Phase::Body, loop_->shared->plan.time_outs.body + std::chrono::seconds(expected / kMebibyte)
    );
    if (head_.chunked) {
        co_return co_await read_chunks();
    }
    while (end_ - begin_ < head_.content_length) {
        if (!co_await fill()) {
            co_return answers_error_;
        }
    }
    co_return true;
}

awaitable<bool> Connection::read_chunks() {
    chunks_.begin(match_.route->body_limit, loop_->shared->plan.max_chunks);
    for (;;) {
        std::size_t used = 0;
        if (const auto refused = chunks_.feed(unread(), used)) {
            refuse(*refused);
            co_return true;
        }
        begin_ += used;
        if (chunks_.done()) {
            co_return true;
        }
        if (!co_await fill()) {
            co_return answers_error_;
        }
    }
}

awaitable<bool> Connection::send_continue() {
    out_ = "HTTP/1.1 100 Continue\r\n\r\n";
    written_ = 0;
    response_.body.clear();
    co_return write_now() || co_await write_rest();
}

/// Waits for the answer that was put off, and meanwhile watches the peer. False when it has gone:
/// then the answer is not wanted any more. Both events end the one wait on the socket, complete()
/// by cancelling it.
awaitable<bool> Connection::await_answer() {
    while (is_put_off()) {
        Peer peer = Peer::Sends;
        while (!owed_->fill_ && peer != Peer::HasGone) {
            error_code error;
            co_await socket_.async_wait(
                peer == Peer::Sends ? asio::ip::tcp::socket::wait_read
                                    : asio::ip::tcp::socket::wait_error,
                redirect_error(use_awaitable, error)
            );
            if (!owed_->fill_) {
                peer = error || peer == Peer::Waits ? Peer::HasGone : read_ahead();
            }
        }
        const std::shared_ptr<LateAnswer> late = std::move(owed_);
        const FillAnswer fill = std::move(late->fill_);
        const std::function<void()> gone = std::move(late->gone_);
        late->detach();
        if (!fill) {
            gone();
            if (!in_pieces_) {
                response_.become_error(http_status(Code::Cancelled), "The client has left");
            }
            co_return false;
        }
        settle(fill(response_));  // the answer may still be held back
    }
    co_return true;
}

/// The buffer goes, with what the request's views look at, and another one takes its place. Until
/// the request is finished it stays here too, for the observer.
std::shared_ptr<const void> Connection::take_bytes() {
    const std::string_view rest = unread();
    auto kept = std::make_shared<std::vector<char>>(rest.size() + kBodySlack);
    std::copy(rest.begin(), rest.end(), kept->begin());
    begin_ = 0;
    end_ = rest.size();
    bytes_.swap(*kept);
    taken_ = kept;
    return kept;
}

/// Takes what the peer has sent: further requests, which are no end, or its end.
Connection::Peer Connection::read_ahead() {
    if (taken_ == nullptr) {
        take_bytes();  // reading on may move what the request's head stands in
    }
    make_room();
    error_code error;
    const std::size_t count =
        read_some(asio::buffer(bytes_.data() + end_, bytes_.size() - kBodySlack - end_), error);
    if (error == asio::error::eof && in_pieces_) {
        return Peer::HasGone;  // an interim answer cannot stand in the middle of a body
    }
    if (error == asio::error::eof) {
        ask_whether_there();
        return Peer::Waits;
    }
    if (error && error != asio::error::would_block) {
        return Peer::HasGone;
    }
    end_ += count;
    return unread().size() < kReadAhead ? Peer::Sends : Peer::Waits;
}

/// A peer that sends no more may have closed, or still wait for its answer: the kernel shows no
/// difference until bytes are sent, which a closed end answers with a reset. A 100 Continue may
/// come at any time and means nothing to who did not ask for it (RFC 9110, 15.2.1).
void Connection::ask_whether_there() {
    constexpr std::string_view kInterim = "HTTP/1.1 100 Continue\r\n\r\n";
    if (!head_.version_one_one) {
        return;
    }
    error_code error;
    const std::size_t count = write_some(asio::buffer(kInterim), error);
    // TLS has put what did not go into a record of its own: the next write begins with it.
    interim_left_ = count > 0 || tls_ ? kInterim.substr(count) : std::string_view();
}

/// Reads some more. False when the connection is over; a late head or body is refused, which the
/// caller answers, as is a body for which there is no memory.
awaitable<bool> Connection::fill() {
    make_room();
    if (!count_memory() && phase_ == Phase::Body) {
        refuse({503, "Bodies of other requests take all memory; try again"});
        response_.add_header("Retry-After", "1");
        co_return false;
    }
    error_code error;
    const auto space = asio::buffer(bytes_.data() + end_, bytes_.size() - kBodySlack - end_);
    std::size_t count = 0;
    if (tls_) {
        count = read_some(space, error);
        while (error == asio::error::would_block) {
            co_await socket_.async_wait(tls_waits_, redirect_error(use_awaitable, error));
            count = error ? 0 : read_some(space, error);
        }
    } else {
        count = co_await socket_.async_read_some(space, redirect_error(use_awaitable, error));
    }
    if (error == asio::error::operation_aborted && !late_ && loop_->shared->stopping) {
        count = read_some(space, error);  // a request may have come while it was told to end
    }
    if (!error) {
        late_ = false;
        end_ += count;
        co_return true;
    }
    if (late_ && (phase_ == Phase::Head || phase_ == Phase::Body)) {
        const bool head = phase_ == Phase::Head;
        refuse(
            {408,
             head ? "Request head did not arrive in time" : "Request body did not arrive in time"}
        );
        if (head) {  // nobody above will answer
            co_await answer_refused();
        }
    }
    co_return false;
}

/// Sends the refusal that stands in response_, and ends.
awaitable<void> Connection::answer_refused() {
    request_.arrived = std::chrono::steady_clock::now();
    encode_head();
    if (!write_now()) {
        co_await write_rest();
    }
    finish_request();
    co_await linger();
}

/// Before the first request, within the time of its head. False when the connection is over.
awaitable<bool> Connection::shake_hands() {
    error_code error;
    co_await socket_.async_wait(
        asio::ip::tcp::socket::wait_read, redirect_error(use_awaitable, error)
    );
    if (!error && speaks_plainly()) {
        loop_->shared->tls_failures += 1;
        tls_.reset();
        refuse({400, "This port speaks TLS; begin the address with https://"});
        co_await answer_refused();
        co_return false;
    }
    while (!error) {
        const TlsStep step = tls_->shake_hands();
        if (step == TlsStep::Done) {
            co_return true;
        }
        error = error_of(step);
        if (error == asio::error::would_block) {
            co_await socket_.async_wait(tls_waits_, redirect_error(use_awaitable, error));
        }
    }
    loop_->shared->tls_failures += 1;
    co_return false;
}

/// A request line begins with a letter, a TLS record with 22.
bool Connection::speaks_plainly() {
    char first = 0;
    error_code error;
    const std::size_t count =
        socket_.receive(asio::buffer(&first, 1), asio::socket_base::message_peek, error);
    return !error && count == 1 && first >= 'A' && first <= 'Z';
}

error_code Connection::error_of(TlsStep step) {
    switch (step) {
        case TlsStep::Done:
            return {};
        case TlsStep::WantsRead:
            tls_waits_ = asio::ip::tcp::socket::wait_read;
            return asio::error::would_block;
        case TlsStep::WantsWrite:
            tls_waits_ = asio::ip::tcp::socket::wait_write;
            return asio::error::would_block;
        case TlsStep::Ended:
            return asio::error::eof;
        case TlsStep::Failed:
            tls_waits_ =
                asio::ip::tcp::socket::wait_write;  // which a broken socket answers at once
            break;
    }
    return asio::error::connection_reset;
}

/// What can be read at once; would_block when nothing can.
std::size_t Connection::read_some(asio::mutable_buffer to, error_code& error) {
    if (!tls_) {
        return socket_.read_some(to, error);
    }
    std::size_t count = 0;
    error = error_of(tls_->read(static_cast<char*>(to.data()), to.size(), count));
    return count;
}

/// What can be written at once; would_block when nothing can.
std::size_t Connection::write_some(asio::const_buffer from, error_code& error) {
    if (!tls_) {
        return socket_.write_some(from, error);
    }
    std::size_t count = 0;
    error = error_of(tls_->write(static_cast<const char*>(from.data()), from.size(), count));
    return count;
}

/// Grows whenever the peer takes something.
std::size_t Connection::progress() const {
    return tls_ ? tls_->bytes_sent() : written_;
}

void Connection::make_room() {
    if (begin_ == end_) {
        begin_ = 0;
        end_ = 0;
        if (bytes_.size() > kKeptBuffer) {
            std::vector<char>().swap(bytes_);
        }
    }
    if (bytes_.size() < kFirstBuffer) {
        bytes_.resize(kFirstBuffer);
    }
    const auto full = [this] { return end_ + kBodySlack + kFirstBuffer / 4 >= bytes_.size(); };
    if (begin_ > 0 && full()) {
        std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    if (full()) {
        bytes_.resize(bytes_.size() * 2);
    }
}

bool Connection::count_memory() {
    const std::size_t held = bytes_.size() + chunks_.capacity() + response_.body.capacity();
    const std::size_t counted = held - std::min(held, kFreeBuffer);
    Shared& shared = *loop_->shared;
    if (counted == buffered_) {
        return true;
    }
    const std::size_t before = buffered_;
    shared.buffered += counted - before;  // modulo 2^64, as the sum is
    buffered_ = counted;
    return counted < before || shared.buffered <= shared.plan.max_buffered;
}

/// Closes without cutting off the answer: a close with unread bytes would reset the connection, and
/// the peer would lose what it has not read yet (RFC 9112, 9.6).
awaitable<void> Connection::linger() {
    error_code error;
    if (tls_) {
        tls_->say_goodbye();
    }
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, error);
    if (error) {
        co_return;
    }
    wait_at_most(Phase::Linger, kLinger);
    std::vector<char>(kFirstBuffer).swap(bytes_);  // what it held is answered
    chunks_.release();
    std::string().swap(response_.body);
    static_cast<void>(count_memory());
    for (std::size_t dropped = 0; dropped < kLingerBytes;) {
        dropped += co_await socket_.async_read_some(
            asio::buffer(bytes_), redirect_error(use_awaitable, error)
        );
        if (error) {
            co_return;
        }
    }
}

}  // namespace flywheel::http
