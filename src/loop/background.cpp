// SPDX-License-Identifier: Apache-2.0
#include "loop/background.h"

#include "base/log.h"

namespace flywheel::loop {

Background::Background(Conductor& conductor, const Clock& clock, Pace pace)
    : conductor_(conductor), clock_(clock), pace_(pace), thread_([this] { run(); }) {}

Background::~Background() {
    stop();
}

void Background::wake() {
    {
        const std::scoped_lock lock(mutex_);
        awake_ = true;
    }
    changed_.notify_one();
}

void Background::stop() {
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_one();
    conductor_.stop_jobs();
    if (thread_.joinable()) {
        thread_.join();
    }
}

void Background::run() {
    if (auto warm = conductor_.warm_up(); !warm) {
        log_warn("questions not read ahead", {{"error", warm.error().message}});
    }
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        changed_.wait_for(lock, pace_.look_every, [this] { return awake_ || stopping_; });
        if (stopping_) {
            return;
        }
        awake_ = false;
        lock.unlock();
        watch_labels();
        look();
        lock.lock();
    }
}

void Background::watch_labels() {
    const auto now = monotonic_now();
    if (now < watch_next_) {
        return;
    }
    watch_next_ = now + pace_.watch_every;
    if (auto watched = conductor_.watch_labels(); !watched) {
        log_warn("labelling not watched", {{"error", watched.error().message}});
    }
}

void Background::look() {
    if (monotonic_now() < not_before_) {
        return;
    }
    auto open_turn = conductor_.current();
    if (open_turn && !*open_turn && pace_.opens_turns) {
        const auto reason = conductor_.due();
        if (!reason) {
            log_warn("cannot tell whether a turn is due", {{"error", reason.error().message}});
            return;
        }
        const std::string why = reason->value_or("");
        if (why.empty()) {
            return;
        }
        if (auto opened = conductor_.open(why, clock_.now()); !opened) {
            log_warn("turn not opened", {{"error", opened.error().message}});
            return;
        }
    } else if (!open_turn || !*open_turn) {
        return;
    }
    auto advanced = conductor_.advance();
    if (advanced || advanced.error().code == Code::Cancelled) {
        failures_ = 0;  // done, or told to stop: neither is a failure
        return;
    }
    const Error& error = advanced.error();
    log_error("turn step failed", {{"try", failures_ + 1}, {"error", error.message}});
    if (++failures_ < pace_.tries) {
        std::chrono::milliseconds pause = pace_.first_pause;
        for (int i = 1; i < failures_; ++i) {
            pause *= 5;
        }
        not_before_ = monotonic_now() + pause;
        return;
    }
    failures_ = 0;
    if (auto failed = conductor_.fail(error.message); !failed) {
        log_error("turn not ended", {{"error", failed.error().message}});
    }
}

}  // namespace flywheel::loop
