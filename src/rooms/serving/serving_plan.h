#pragma once
// SPDX-License-Identifier: Apache-2.0
// Settings of the room serving, with defaults that work. Made by app/ and by tests.

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "ports/recorder.h"
#include "rooms/serving/batching/batch_queue.h"
#include "rooms/serving/versions/version_policy.h"

namespace flywheel::serving {

struct Plan {
    std::size_t max_rows = 4096;               ///< Texts a request; never above 65,536.
    std::size_t max_text_bytes = 1024 * 1024;  ///< One text.
    double prior_discount =
        0.25;              ///< While no class mix is measured, scores are divided by prior^this.
    BatchLimits batching;  ///< Of models that run in batches.
    std::map<std::string, BatchLimits> model_batching;  ///< By model, where it is another.
    bool keep_outputs = false;  ///< Models over tensors: all outputs are computed and recorded.
    std::optional<std::uint64_t>
        id_seed;  ///< Set: ids follow from it, the time and the request id (replays).
    std::map<std::string, VersionPolicy> policies;  ///< By model; not named = labels only.
    const CapturedRows* captured = nullptr;  ///< Its rows warm versions up; null = fixed texts do.
};

}  // namespace flywheel::serving
