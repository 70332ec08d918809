#pragma once
// SPDX-License-Identifier: Apache-2.0
// Route group: what users say about served rows, and looking such rows up. Added by app/ before the
// gateway starts; these routes wait for the disk, so they run on the server's workers.

#include "base/clock.h"
#include "gateway/access.h"
#include "gateway/gateway.h"
#include "gateway/trail/refusals.h"
#include "ports/recorder.h"
#include "rooms/serving/serving.h"

namespace flywheel::gateway {

struct CaptureDoors {
    const serving::Serving* serving = nullptr;  ///< Knows the models and their label names.
    FeedbackSink* feedback = nullptr;
    const CapturedRows* captured = nullptr;
    const Clock* clock = nullptr;
    Access* access = nullptr;  ///< Large batches cost their key more; null = as much as others.
    trail::Refusals* refusals = nullptr;  ///< Is told of feedback said twice; may be null.
};

void add_capture_routes(Gateway& gateway, CaptureDoors doors);

}  // namespace flywheel::gateway
