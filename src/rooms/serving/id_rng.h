#pragma once
// SPDX-License-Identifier: Apache-2.0
// The room's own randomness: ids and draws that must differ between threads and processes. Private
// to the room; one generator a thread.

#include "base/rng.h"

namespace flywheel::serving {

inline Rng& id_rng() {
    thread_local Rng rng(fresh_seed());
    return rng;
}

}  // namespace flywheel::serving
