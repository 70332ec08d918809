#pragma once
// SPDX-License-Identifier: Apache-2.0
// Clerk: writes into the ledger what connection threads may only note: what was refused at the
// door, and when keys were used last. One thread of its own; made by the server of a project.

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "gateway/access.h"
#include "gateway/keys.h"
#include "gateway/trail/audit_log.h"

namespace flywheel::gateway {

struct ClerkDoors {
    Access& access;
    Keys keys;
    const trail::AuditLog& audit;
    trail::Refusals& refusals;
};

class Clerk {
  public:
    struct Plan {
        std::chrono::milliseconds refusals_every = std::chrono::seconds(10);
        std::chrono::milliseconds uses_every = std::chrono::minutes(1);
    };

    Clerk(ClerkDoors doors, Plan plan);
    Clerk(const Clerk&) = delete;
    Clerk& operator=(const Clerk&) = delete;
    ~Clerk();  ///< Writes what is left.

  private:
    void run();
    void write_refusals();
    void write_uses();

    ClerkDoors doors_;
    Plan plan_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace flywheel::gateway
