#pragma once
// SPDX-License-Identifier: Apache-2.0
// Whether a request was made by a page of another site, as a browser tells it: somebody who opens a
// hostile page must not thereby promote a model. Pure functions over header fields, any thread;
// called by Access.

#include <span>
#include <string>
#include <string_view>

#include "gateway/http/message.h"

namespace flywheel::gateway {

/// True when a browser says that another site's page made this request: by Sec-Fetch-Site, which no
/// page can forge (W3C Fetch Metadata, 2.4), or, where it is absent, by an Origin (RFC 6454) that
/// is not the host that was asked. A request without either is not from a browser's page.
[[nodiscard]] bool is_of_another_site(std::span<const http::HeaderField> headers);

/// True when Host can be this machine's: an address, "localhost", a name below it, nothing at all,
/// or one of `names`. Any other name may be a hostile one that was made to lead here (DNS
/// rebinding), whose pages the browser then takes for ours.
[[nodiscard]] bool is_own_host(std::string_view host, std::span<const std::string> names);

/// "example.org:8000" -> "example.org"; "[::1]:80" -> "[::1]".
[[nodiscard]] std::string_view host_name(std::string_view host);

}  // namespace flywheel::gateway
