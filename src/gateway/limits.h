#pragma once
// SPDX-License-Identifier: Apache-2.0
// How much a request may bring. Made by app/ from the settings, asked by route groups; each message
// that refuses names the number.

#include <cstdint>

#include "gateway/http/router.h"
#include "gateway/infer/infer_body.h"

namespace flywheel::gateway {

/// Bytes.
struct GatewayLimits {
    InferLimits infer{};  ///< Of a body, also of a version that is sent along, and its tensors.
    std::uint64_t feedback_body = 16 * 1024 * 1024;
    std::uint64_t other_body = http::kDefaultBodyLimit;  ///< Of all other routes.
};

}  // namespace flywheel::gateway
