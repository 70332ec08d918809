#pragma once
// SPDX-License-Identifier: Apache-2.0
// Which role each route asks for: the one table of it. A pure function, any thread; asked when a
// route is added.

#include <string_view>

#include "gateway/http/guard.h"

namespace flywheel::gateway {

/// The role that a route asks for. What is not known to it asks for admin.
[[nodiscard]] http::Role role_for(http::Method method, std::string_view pattern);

}  // namespace flywheel::gateway
