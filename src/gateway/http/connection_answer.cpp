// SPDX-License-Identifier: Apache-2.0
// Connection's answers: their bytes, and sending them at once, in part, or piece by piece.
#include <algorithm>
#include <array>
#include <utility>  // Asio 1.74 uses std::exchange without it

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "base/text.h"
#include "gateway/http/connection.h"

namespace flywheel::http {

namespace {

using asio::awaitable;
using asio::redirect_error;
using asio::use_awaitable;
using boost::system::error_code;

constexpr std::size_t kInlineBody = 16 * 1024;  // copied behind the head: one buffer, one write

}  // namespace

void Connection::encode_head() {
    keep_alive_ = keep_alive_ && !loop_->shared->closing.load(std::memory_order_relaxed);
    written_ = 0;
    out_ = interim_left_;
    interim_left_ = {};
    out_ += "HTTP/1.1 ";
    append_number(out_, response_.status);
    out_ += ' ';
    out_ += reason_phrase(response_.status);
    if (!response_.content_type.empty()) {
        out_ += "\r\nContent-Type: ";
        out_ += response_.content_type;
    }
    in_pieces_ = response_.more != nullptr && !head_only_;
    if (in_pieces_) {
        keep_alive_ = keep_alive_ && head_.version_one_one;
        out_ += head_.version_one_one ? "\r\nTransfer-Encoding: chunked" : "";
    } else if (response_.more == nullptr) {
        out_ += "\r\nContent-Length: ";
        append_number(out_, response_.body.size());
    }
    out_ += "\r\n";
    out_ += response_.header_lines();
    if (!keep_alive_) {
        out_ += "Connection: close\r\n";
    }
    out_ += "\r\n";
    answer_bytes_ = head_only_ ? 0 : response_.body.size();
    if (head_only_) {
        response_.body.clear();
    } else if (in_pieces_) {
        std::string head = std::move(out_);
        encode_piece();
        out_.insert(0, head);
    } else if (response_.body.size() <= kInlineBody) {
        out_ += response_.body;
        response_.body.clear();
    }
}

/// RFC 9112, 7.1; an empty chunk would be the end.
void Connection::encode_piece() {
    written_ = 0;
    out_.clear();
    if (!head_.version_one_one) {
        out_ = std::move(response_.body);
    } else {
        if (!response_.body.empty()) {
            out_ = fmt::format("{:x}\r\n{}\r\n", response_.body.size(), response_.body);
        }
        out_ += response_.more == nullptr ? "0\r\n\r\n" : "";
    }
    response_.body.clear();
}

/// Writes what the kernel takes at once. True when that was all.
bool Connection::write_now() {
    const std::size_t total = out_.size() + response_.body.size();
    while (written_ < total) {
        const std::size_t head_left = out_.size() - std::min(out_.size(), written_);
        const std::size_t body_done = written_ - std::min(out_.size(), written_);
        const std::array<asio::const_buffer, 2> parts = {
            asio::buffer(out_.data() + out_.size() - head_left, head_left),
            asio::buffer(response_.body.data() + body_done, response_.body.size() - body_done)
        };
        error_code error;
        if (tls_ || response_.body.empty()) {
            written_ += write_some(parts[head_left > 0 ? 0 : 1], error);
        } else {
            written_ += socket_.write_some(parts, error);
        }
        if (error) {
            return false;
        }
    }
    return true;
}

/// Waits for the peer to take the rest; false when the connection is over.
awaitable<bool> Connection::write_rest() {
    if (!count_memory()) {
        keep_alive_ = false;
        cut();
        co_return false;
    }
    for (;;) {
        wait_at_most(Phase::Write, loop_->shared->plan.time_outs.write);
        error_code error;
        co_await socket_.async_wait(
            tls_ ? tls_waits_ : asio::ip::tcp::socket::wait_write,
            redirect_error(use_awaitable, error)
        );
        const std::size_t before = progress();
        if (!error && write_now()) {
            co_return true;
        }
        if (error || progress() == before) {
            keep_alive_ = false;
            cut();
            co_return false;
        }
    }
}

/// The rest of an answer whose body comes piece by piece, after its first one. False: the peer has
/// gone.
awaitable<bool> Connection::send_pieces() {
    first_piece_ = std::chrono::steady_clock::now();
    while (response_.more) {
        const auto more = std::exchange(response_.more, nullptr);
        phase_ = Phase::Busy;
        deadline_ = Instant::max();
        more(*this);
        CHECK(owed_);  // a piece comes later, or never
        if (!co_await await_answer()) {
            keep_alive_ = false;
            co_return false;
        }
        answer_bytes_ += response_.body.size();
        encode_piece();
        if (!write_now() && !co_await write_rest()) {
            co_return false;
        }
    }
    co_return true;
}

}  // namespace flywheel::http
