#pragma once
// SPDX-License-Identifier: Apache-2.0
// The page at `/`: one static page that says what runs, filled from /v1/status by its own small
// script; nothing from outside. Added by app/ before the gateway starts.

#include "gateway/gateway.h"

namespace flywheel::gateway {

/// Adds `/`, `/page.js` and `/page.css`.
void add_home_page(Gateway& gateway);

}  // namespace flywheel::gateway
