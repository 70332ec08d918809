// SPDX-License-Identifier: Apache-2.0
#include "gateway/v1/news.h"

#include <optional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/clock.h"
#include "base/log.h"

namespace flywheel::gateway {

namespace {

constexpr std::string_view kEventStream = "text/event-stream; charset=utf-8";

std::string changed_event(const std::set<std::string>& topics) {
    return fmt::format(
        "event: changed\ndata: {{\"topics\":[\"{}\"]}}\n\n", fmt::join(topics, "\",\"")
    );
}

}  // namespace

struct News::Listener {
    std::shared_ptr<http::LateAnswer> waits;  ///< Null while a piece is on its way.
    std::set<std::string> untold;
    bool heard = false;                          ///< It was told of every topic once.
    std::chrono::steady_clock::time_point beat;  ///< When something was said last.
};

News::News(std::function<Result<Marks>()> look, Plan plan)
    : look_(std::move(look)), plan_(plan), thread_([this] { run(); }) {}

News::~News() {
    stop();
}

void News::stop() {
    {
        const std::scoped_lock lock(mutex_);
        if (stopping_) {
            return;
        }
        stopping_ = true;
        for (const auto& listener : present()) {
            if (const auto waits = std::exchange(listener->waits, nullptr)) {
                waits->complete([](http::HttpResponse& response) {
                    response.body.clear();
                    return Result<void>();
                });
            }
        }
        listeners_.clear();
    }
    changed_.notify_one();
    thread_.join();
}

/// Those whose answers go on. Under the mutex.
std::vector<std::shared_ptr<News::Listener>> News::present() {
    std::vector<std::shared_ptr<Listener>> there;
    for (const auto& known : listeners_) {
        if (auto listener = known.lock()) {
            there.push_back(std::move(listener));
        }
    }
    listeners_.assign(there.begin(), there.end());
    return there;
}

std::size_t News::listeners() {
    const std::scoped_lock lock(mutex_);
    return present().size();
}

Result<void> News::listen(http::HttpResponse& response) {
    auto listener = std::make_shared<Listener>();
    listener->beat = monotonic_now();
    {
        const std::scoped_lock lock(mutex_);
        if (stopping_ || present().size() >= plan_.max_listeners) {
            return make_error(
                Code::Unavailable,
                fmt::format("Too many listen already; the limit is {}", plan_.max_listeners)
            );
        }
        listeners_.push_back(listener);
    }
    changed_.notify_one();
    response.content_type = kEventStream;
    response.add_header("Cache-Control", "no-store");
    response.add_header("X-Accel-Buffering", "no");  // a proxy that collects would delay the news
    response.body = "retry: 1000\n: listening\n\n";
    keep_going(listener, response);
    return {};
}

void News::keep_going(const std::shared_ptr<Listener>& listener, http::HttpResponse& response) {
    response.more = [this, listener](http::Deferral& deferral) {
        ask_for_more(listener, deferral);
    };
}

void News::ask_for_more(const std::shared_ptr<Listener>& listener, http::Deferral& deferral) {
    auto waits = deferral.defer([this, listener] {
        const std::scoped_lock lock(mutex_);
        listener->waits = nullptr;
    });
    const std::scoped_lock lock(mutex_);
    if (stopping_) {
        waits->complete([](http::HttpResponse& response) {
            response.body.clear();
            return Result<void>();
        });
        return;
    }
    listener->waits = std::move(waits);
    tell(listener);
}

/// Says what is untold, or that the line lives, if it is asked for. Under the mutex.
void News::tell(const std::shared_ptr<Listener>& listener) {
    const auto now = monotonic_now();
    const bool beat = now - listener->beat >= plan_.beat_every;
    if (listener->waits == nullptr || (listener->untold.empty() && !beat)) {
        return;
    }
    listener->beat = now;
    std::string piece = listener->untold.empty()
                            ? ": beat\n\n"
                            : changed_event(std::exchange(listener->untold, {}));
    std::exchange(listener->waits, nullptr)
        ->complete([this, listener, piece = std::move(piece)](http::HttpResponse& response) {
            response.body = piece;
            keep_going(listener, response);
            return Result<void>();
        });
}

void News::run() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        if (present().empty()) {
            changed_.wait(lock, [this] { return stopping_ || !present().empty(); });
        } else {
            changed_.wait_for(lock, plan_.look_every, [this] { return stopping_; });
        }
        if (!stopping_) {
            lock.unlock();
            look_once();
            lock.lock();
        }
    }
}

void News::look_once() {
    auto marks = look_();
    if (!marks) {
        log_warn("changes not looked at", {{"error", marks.error().message}});
        return;
    }
    const std::scoped_lock lock(mutex_);
    const auto listeners = present();
    for (const auto& [topic, mark] : *marks) {
        const auto known = marks_.find(topic);
        const bool changed = known == marks_.end() || known->second != mark;
        for (const auto& listener : listeners) {
            if (changed || !listener->heard) {
                listener->untold.insert(topic);
            }
        }
    }
    marks_ = std::move(*marks);
    for (const auto& listener : listeners) {
        listener->heard = true;
        tell(listener);
    }
}

}  // namespace flywheel::gateway
