// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/connection.h"

#include <algorithm>
#include <functional>

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "base/text.h"

namespace flywheel::http {

namespace {

using asio::awaitable;
using asio::use_awaitable;
using boost::system::error_code;

constexpr std::chrono::milliseconds kLastChance{200};  // for a connection made just before the stop

}  // namespace

Connection::Connection(Loop& loop, asio::ip::tcp::socket socket)
    : loop_(&loop), socket_(std::move(socket)), slot_(loop.connections.size()) {
    loop.connections.push_back(this);
    error_code ignored;
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    socket_.non_blocking(true, ignored);
    if (loop.shared->tls != nullptr) {
        tls_ = loop.shared->tls->session(socket_.native_handle());
    }
    remote_ = socket_.remote_endpoint(ignored).address().to_string();
    wait_at_most(
        Phase::FirstByte, loop.shared->stopping ? kLastChance : loop.shared->plan.time_outs.head
    );
}

Connection::~Connection() {
    loop_->connections[slot_] = loop_->connections.back();
    loop_->connections[slot_]->slot_ = slot_;
    loop_->connections.pop_back();
    Shared& shared = *loop_->shared;
    shared.buffered -= buffered_;
    {
        const std::scoped_lock lock(shared.mutex);
        shared.connections -= 1;
    }
    shared.one_less.notify_all();
}

awaitable<void> Connection::live(std::unique_ptr<Connection> self) {
    co_await self->serve();
}

awaitable<void> Connection::serve() {
    if (tls_ && !co_await shake_hands()) {
        co_return;
    }
    for (;;) {
        const Step step = find_request();
        if (step == Step::More) {
            if (!co_await fill()) {
                co_return;
            }
            continue;
        }
        if (needs_body(step) && !co_await read_body()) {
            co_return;
        }
        begin_work();
        if (!run_at_once() && !co_await run_in_time()) {
            finish_request();
            co_return;
        }
        encode_head();
        const bool sent =
            (write_now() || co_await write_rest()) && (!in_pieces_ || co_await send_pieces());
        finish_request();
        if (!sent || !keep_alive_) {
            co_await linger();
            co_return;
        }
    }
}

/// The route is chosen here, as it says how large a body may be.
bool Connection::needs_body(Step step) {
    return step == Step::Go && choose_route() == Step::Go && !body_is_here();
}

void Connection::begin_work() {
    phase_ = Phase::Busy;
    deadline_ = Instant::max();
    loop_->shared->in_flight += 1;
    in_flight_ = true;
    view_request();
}

/// False: the answer comes later, by run_in_time(). Most answers are ready here, without a
/// coroutine of their own.
bool Connection::run_at_once() {
    if (answers_error_) {
        return true;
    }
    if (match_.route->speed == RouteSpeed::Slow) {
        return false;
    }
    run_route();
    return !is_put_off();
}

/// False: the client has gone.
awaitable<bool> Connection::run_in_time() {
    if (match_.route->speed == RouteSpeed::Slow) {
        co_await run_slow();
        co_return true;
    }
    co_return co_await await_answer();
}

Connection::Step Connection::find_request() {
    if (search_.scanned == 0 && unread().starts_with("\r\n")) {
        begin_ += 2;  // RFC 9112, 2.2: an empty line before a request is ignored
    }
    response_.clear();
    answers_error_ = false;
    head_only_ = false;
    in_pieces_ = false;
    head_known_ = false;
    match_.route = nullptr;
    const HeadLimits& limits = loop_->shared->plan.head;
    auto refused = find_head_end(unread(), search_, limits);
    if (!refused && search_.end > 0) {
        refused = parse_head(unread().substr(0, search_.end), head_, limits);
    }
    if (refused) {
        refuse(*refused);
        return Step::Refused;
    }
    if (search_.end > 0) {
        head_known_ = true;
        caller_.clear();
        keep_alive_ = head_.keep_alive;
        head_only_ = head_.method == Method::Head;
        return Step::Go;
    }
    if (begin_ < end_ && phase_ != Phase::Head) {
        wait_at_most(Phase::Head, loop_->shared->plan.time_outs.head);
    }
    return Step::More;
}

void Connection::refuse(const Refusal& refusal) {
    response_.become_error(refusal.status, refusal.message);
    answers_error_ = true;
    keep_alive_ = false;
}

Connection::Step Connection::choose_route() {
    loop_->shared->router->match(head_.method, head_.path, match_);
    switch (match_.outcome) {
        case RouteOutcome::Found:
            break;
        case RouteOutcome::UnknownPath:
            refuse({404, "Not Found"});
            break;
        case RouteOutcome::BadEncoding:
            refuse({400, "Path has a '%' without two hexadecimal digits behind it"});
            break;
        case RouteOutcome::WrongMethod:
            refuse({405, fmt::format("Method is not allowed here; allowed: {}", match_.allow)});
            response_.add_header("Allow", match_.allow);
            break;
    }
    if (answers_error_) {
        keep_alive_ = head_.keep_alive && !head_.has_body();  // the body was not read
        return Step::Refused;
    }
    const Route& route = *match_.route;
    if (Guard* guard = loop_->shared->plan.guard;
        guard != nullptr &&
        !guard->admits(
            {route.role, route.name, head_.fields, match_.parameters, remote_, head_.method},
            response_,
            caller_
        )) {
        answers_error_ = true;
        keep_alive_ = head_.keep_alive && !head_.has_body();
        return Step::Refused;
    }
    if (head_.content_length > match_.route->body_limit) {
        refuse(
            {413,
             fmt::format(
                 "Body is larger than the limit of {} bytes: {}",
                 match_.route->body_limit,
                 head_.content_length
             )}
        );
        return Step::Refused;
    }
    return Step::Go;
}

bool Connection::body_is_here() const {
    return !head_.chunked && end_ - begin_ - search_.end >= head_.content_length;
}

/// The buffer moves while a body arrives, so the head's views get a home of their own.
void Connection::move_head_away() {
    head_text_ = unread().substr(0, search_.end);
    begin_ += search_.end;
    search_.end = 0;
    store_head();
}

void Connection::store_head() {
    head_store_.assign(head_text_);
    CHECK(!parse_head(head_store_, head_, loop_->shared->plan.head).has_value());
    loop_->shared->router->match(head_.method, head_.path, match_);
}

void Connection::view_request() {
    request_.arrived = std::chrono::steady_clock::now();
    head_text_ = unread().substr(0, search_.end);  // empty when it has a home of its own
    begin_ += search_.end;
    request_.body = {};
    if (!head_known_) {
        return;
    }
    view_head();
    if (answers_error_) {
        return;
    }
    if (head_.chunked) {
        std::string& body = chunks_.body();
        body.append(kBodySlack, '\0');
        request_.body = std::string_view(body).substr(0, body.size() - kBodySlack);
        return;
    }
    request_.body = unread().substr(0, head_.content_length);
    begin_ += head_.content_length;
}

void Connection::view_head() {
    request_.method = head_.method;
    request_.path = head_.path;
    request_.query = head_.query;
    request_.headers = head_.fields;
    request_.parameters = match_.parameters;
    request_.caller = caller_;
    request_.remote = remote_;
}

void Connection::run_route() {
    const bool may_defer = match_.route->speed == RouteSpeed::Fast;
    request_.deferral = may_defer ? this : nullptr;
    const auto outcome = match_.route->run(request_, response_);
    CHECK(outcome || !owed_);  // who puts an answer off cannot refuse as well
    settle(outcome);
}

/// True when there is an answer to wait for: one that comes later, or one that is held back.
bool Connection::is_put_off() {
    if (!owed_ && response_.hold) {
        const auto hold = std::exchange(response_.hold, nullptr);
        hold([late = defer([] {})](Result<void> outcome) {
            late->complete([outcome = std::move(outcome)](HttpResponse&) { return outcome; });
        });
    }
    return owed_ != nullptr;
}

void Connection::settle(const Result<void>& outcome) {
    if (outcome) {
        return;
    }
    response_.hold = nullptr;
    response_.more = nullptr;
    response_.become_error(http_status(outcome.error().code), outcome.error().message);
    if (outcome.error().code == Code::Unavailable || outcome.error().code == Code::Exhausted) {
        response_.add_header("Retry-After", "1");
    }
}

awaitable<void> Connection::run_slow() {
    const bool queued = co_await asio::async_initiate<const asio::use_awaitable_t<>, void(bool)>(
        [this](auto handler) {
            // std::function copies what it holds and a handler only moves, hence the pointer.
            auto resume = std::make_shared<decltype(handler)>(std::move(handler));
            const auto back = [this, resume](bool ran) {
                asio::post(loop_->context, [resume, ran] { std::move (*resume)(ran); });
            };
            const bool accepted = loop_->shared->slow_lane->submit([this, back] {
                run_route();
                back(true);
            });
            if (!accepted) {
                back(false);
            }
        },
        use_awaitable
    );
    if (!queued) {
        response_.become_error(503, "Too many requests wait for the ledger; try again");
        response_.add_header("Retry-After", "1");
    }
}

void Connection::finish_request() {
    Shared& shared = *loop_->shared;
    if (in_flight_) {
        shared.in_flight -= 1;
        in_flight_ = false;
    }
    if (shared.plan.observer != nullptr) {
        shared.plan.observer->answered(
            {.route = match_.route,
             .route_index = match_.index,
             .status = response_.status,
             .duration =
                 (in_pieces_ ? first_piece_ : std::chrono::steady_clock::now()) - request_.arrived,
             .request = head_known_ ? &request_ : nullptr,
             .notes = &response_.notes,
             .remote = remote_,
             .bytes_in = head_known_ ? request_.body.size() : 0,
             .bytes_out = answer_bytes_}
        );
    }
    taken_.reset();
    response_.more = nullptr;  // of an answer that ended before its last piece, or had no body
    search_ = {};
    if (chunks_.done() && chunks_.body().capacity() > kKeptBuffer) {
        chunks_.release();
    }
    if (response_.body.capacity() > kKeptBuffer) {
        std::string().swap(response_.body);  // assigning an empty one would keep the memory
    }
    static_cast<void>(count_memory());
    wait_at_most(Phase::Idle, shared.plan.time_outs.idle);
}

void Connection::wait_at_most(Phase phase, std::chrono::milliseconds limit) {
    phase_ = phase;
    late_ = false;
    deadline_ = loop_->now + limit + loop_->tick;  // `now` may be a tick old
}

void Connection::look_at_clock(Instant now) {
    if (now >= deadline_) {
        deadline_ = now + loop_->tick;  // again, if just now something had come
        late_ = true;
        error_code ignored;
        socket_.cancel(ignored);
    }
}

void Connection::end_if_idle() {
    if (phase_ == Phase::FirstByte) {
        wait_at_most(Phase::FirstByte, kLastChance);
    } else if (phase_ == Phase::Idle) {
        error_code ignored;
        socket_.cancel(ignored);
    }
}

void Connection::cut() {
    error_code ignored;
    socket_.close(ignored);
}

}  // namespace flywheel::http
