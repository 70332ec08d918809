#pragma once
// SPDX-License-Identifier: Apache-2.0
// The interface described from its route table: as an OpenAPI 3.1 document and as a page for
// people. Called by the documentation routes; pure functions, any thread once the table is whole.

#include <string>
#include <string_view>

#include "gateway/http/router.h"

namespace flywheel::gateway {

/// Pretty JSON; routes in the order of their paths.
[[nodiscard]] std::string openapi_text(const http::Router& router, std::string_view version);

/// One HTML page that loads nothing else.
[[nodiscard]] std::string docs_page(const http::Router& router, std::string_view version);

/// The schemas that routes name, as one JSON object.
[[nodiscard]] std::string_view schemas_text();

}  // namespace flywheel::gateway
