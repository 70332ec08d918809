#pragma once
// SPDX-License-Identifier: Apache-2.0
// The page for people: answers with its files, which stand in the program. Knows no room; what the
// page shows it asks the API for. Fast routes, any thread.

#include "gateway/gateway.h"

namespace flywheel::gateway {

/// GET / and each file of the page.
void add_page(Gateway& gateway);

}  // namespace flywheel::gateway
