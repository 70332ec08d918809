// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/late_answer.h"

#include <utility>

#include <boost/asio/post.hpp>

#include "gateway/http/connection.h"

namespace flywheel::http {

LateAnswer::LateAnswer(Connection& connection, std::function<void()> gone)
    : connection_(&connection), gone_(std::move(gone)) {}

void LateAnswer::run_soon(std::function<void()> work) {
    if (connection_ == nullptr) {
        return;
    }
    asio::post(connection_->context(), [self = shared_from_this(), job = std::move(work)] {
        if (self->connection_ != nullptr) {
            job();
        }
    });
}

void LateAnswer::complete(FillAnswer fill) {
    CHECK(fill != nullptr);
    const std::scoped_lock lock(mutex_);  // while it is held the connection, and so its loop, lives
    CHECK(!completed_);
    completed_ = true;
    if (connection_ == nullptr) {
        return;
    }
    asio::post(
        connection_->context(),
        [self = shared_from_this(), filled = std::move(fill)]() mutable {
            if (self->connection_ != nullptr) {
                self->fill_ = std::move(filled);
                self->connection_->stop_waiting();
            }
        }
    );
}

/// Nobody waits any more. The loop's thread.
void LateAnswer::detach() {
    gone_ = nullptr;  // it may hold this object
    fill_ = nullptr;
    const std::scoped_lock lock(mutex_);
    connection_ = nullptr;
}

std::shared_ptr<LateAnswer> Connection::defer(std::function<void()> gone) {
    CHECK(request_.deferral == this && !owed_);
    if (!head_text_.empty()) {  // where it stands others may read, or nobody keep it, meanwhile
        store_head();
        view_head();
    }
    owed_ = std::make_shared<LateAnswer>(*this, std::move(gone));
    return owed_;
}

std::shared_ptr<const void> Connection::keep_body() {
    CHECK(request_.deferral == this);
    if (head_.chunked) {
        return std::make_shared<const std::string>(std::move(chunks_.body()));
    }
    return take_bytes();
}

void Connection::stop_waiting() {
    boost::system::error_code ignored;
    socket_.cancel(ignored);
}

}  // namespace flywheel::http
