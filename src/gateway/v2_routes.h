#pragma once
// SPDX-License-Identifier: Apache-2.0
// Route group: Open Inference Protocol V2: health, metadata, inference, statistics, repository and
// the documentation of all routes. Added by app/ before the gateway starts; runs on connection
// threads, load and unload on the server's workers.

#include <memory>
#include <string>

#include "base/clock.h"
#include "gateway/gateway.h"
#include "ports/engine/engines.h"
#include "rooms/compression/compression.h"
#include "rooms/release/release.h"
#include "rooms/serving/serving.h"

namespace flywheel::gateway {

/// Where versions that are sent along, and ends of rollouts, go.
struct RepositoryRooms {
    compression::Compression& compression;
    release::Release& release;
    const Clock& clock;
    Engines engines;
};

struct V2Doors {
    serving::Serving* serving = nullptr;
    std::string server_version;                              ///< "0.1.0"
    std::shared_ptr<const RepositoryRooms> repository = {};  ///< Null: nothing can be sent along.
    bool triton_names = false;  ///< /metrics has the families nv_inference_*, too.
};

/// Also adds the ready check "every model is loaded" and the metrics of serving.
void add_v2_routes(Gateway& gateway, V2Doors doors);

}  // namespace flywheel::gateway
