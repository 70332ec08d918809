#pragma once
// SPDX-License-Identifier: Apache-2.0
// Priority of the room's background threads. Called by such a thread for itself.

#include <sys/resource.h>
#include <unistd.h>

namespace flywheel::serving {

/// The calling thread yields to all others of normal priority (nice 10; on Linux that value belongs
/// to the thread). Where the system refuses, it goes on as it was.
inline void lower_thread_priority() {
    constexpr int kNice = 10;
    static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice));
}

}  // namespace flywheel::serving
