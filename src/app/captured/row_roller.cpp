// SPDX-License-Identifier: Apache-2.0
#include "app/captured/row_roller.h"

#include <set>
#include <string>

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "records/incident.h"

namespace flywheel::app {

namespace {

constexpr auto kRollEvery = std::chrono::seconds(60);

/// Whatever this thread does may wait for requests: a tenth of their share of a busy processor, and
/// the disk after them. That it cannot be asked for is no reason not to work.
void give_way() {
    constexpr int kNice = 10;
    constexpr int kThisThread = 1;             // ioprio_set(2): IOPRIO_WHO_PROCESS
    constexpr int kLastOfAll = (2 << 13) | 7;  // best effort, lowest level
    static_cast<void>(::setpriority(PRIO_PROCESS, 0, kNice));
    static_cast<void>(::syscall(SYS_ioprio_set, kThisThread, 0, kLastOfAll));
}

}  // namespace

RowRoller::~RowRoller() {
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
    }
    coverage_.stop();  // it may be long
    changed_.notify_one();
    thread_.join();
}

void RowRoller::run() {
    give_way();
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, kRollEvery, [this] { return stopping_; })) {
        lock.unlock();
        roll();
        measure_coverage();
        lock.lock();
    }
    roll();
}

void RowRoller::roll() {
    tell_incidents();
    tell_pressure();
    if (auto rolled = project_.capture().roll(); !rolled) {
        log_error("captured rows not rolled", {{"error", rolled.error().message}});
    }
}

void RowRoller::measure_coverage() {
    std::set<std::string> models;
    for (const serving::ModelStatus& status : project_.serving().status()) {
        models.insert(status.model);
    }
    const auto measured =
        coverage_.measure_if_due(project_.capture(), models, project_.clock().now());
    if (!measured && measured.error().code != Code::Cancelled) {
        log_warn("label coverage not measured", {{"error", measured.error().message}});
    }
}

/// Rules of capture may ask whether an Incident of drift is open.
void RowRoller::tell_incidents() {
    const Reader<Incident> incidents(project_.ledger());
    const auto open = incidents.first(Where<Incident>()
                                          .eq(&Incident::model, project_.settings().model)
                                          .gt(&Incident::version, 0)
                                          .eq(&Incident::state, IncidentState::Open));
    if (open) {
        project_.capture().set_incident(open->has_value());
    }
}

/// Rows that are missing are an Incident.
void RowRoller::tell_pressure() {
    const auto counters = project_.capture().counters();
    const auto noted = project_.monitoring().note_capture(
        {.worst_level = static_cast<int>(project_.capture().worst_level()),
         .level = static_cast<int>(counters.level),
         .sampled_away = counters.sampled_away,
         .dropped = counters.dropped,
         .now = project_.clock().now()}
    );
    if (!noted) {
        log_error("capture's pressure not noted", {{"error", noted.error().message}});
    }
}

}  // namespace flywheel::app
