#pragma once
// SPDX-License-Identifier: Apache-2.0
// What the documentation says of each /v1 route: one text, read once. Called when routes are added.

#include <string_view>

#include "gateway/http/message.h"
#include "gateway/http/router.h"

namespace flywheel::gateway {

/// The doc of a route; empty when the guide lacks it (a test says so).
[[nodiscard]] http::RouteDoc guide_to(http::Method method, std::string_view pattern);

}  // namespace flywheel::gateway
