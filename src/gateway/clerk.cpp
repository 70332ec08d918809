// SPDX-License-Identifier: Apache-2.0
#include "gateway/clerk.h"

#include "base/log.h"

namespace flywheel::gateway {

Clerk::Clerk(ClerkDoors doors, Plan plan)
    : doors_(std::move(doors)), plan_(plan), thread_([this] { run(); }) {}

Clerk::~Clerk() {
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

void Clerk::run() {
    auto uses_due = monotonic_now() + plan_.uses_every;
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, plan_.refusals_every, [this] { return stopping_; })) {
        lock.unlock();
        write_refusals();
        if (monotonic_now() >= uses_due) {
            write_uses();
            uses_due = monotonic_now() + plan_.uses_every;
        }
        lock.lock();
    }
    write_refusals();
    write_uses();
}

void Clerk::write_refusals() {
    if (const auto written = doors_.audit.record_refusals(doors_.refusals.take()); !written) {
        log_error("refusals are missing in the audit trail", {{"error", written.error().message}});
    }
}

void Clerk::write_uses() {
    if (const auto written = doors_.keys.note_uses(doors_.access.take_uses()); !written) {
        log_error("last uses of keys not written", {{"error", written.error().message}});
    }
}

}  // namespace flywheel::gateway
