// SPDX-License-Identifier: Apache-2.0
#include "gateway/origin.h"

#include <algorithm>

namespace flywheel::gateway {

namespace {

std::string_view field(std::span<const http::HeaderField> headers, std::string_view name) {
    const auto found = std::ranges::find_if(headers, [&](const http::HeaderField& one) {
        return http::same_token(one.name, name);
    });
    return found != headers.end() ? found->value : std::string_view();
}

/// "https://example.org:8000" -> "example.org:8000"; "" when it has no such form ("null").
std::string_view host_of_origin(std::string_view origin) {
    constexpr std::string_view kBehindScheme = "://";
    const std::size_t at = origin.find(kBehindScheme);
    return at == std::string_view::npos ? std::string_view()
                                        : origin.substr(at + kBehindScheme.size());
}

bool is_address(std::string_view name) {
    if (name.starts_with('[')) {
        return name.ends_with(']');
    }
    return !name.empty() &&
           std::ranges::all_of(name, [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

bool ends_with_token(std::string_view text, std::string_view end) {
    return text.size() >= end.size() &&
           http::same_token(text.substr(text.size() - end.size()), end);
}

}  // namespace

std::string_view host_name(std::string_view host) {
    const std::size_t colon = host.rfind(':');
    const std::size_t bracket = host.rfind(']');
    const bool has_port =
        colon != std::string_view::npos && (bracket == std::string_view::npos || bracket < colon);
    return has_port ? host.substr(0, colon) : host;
}

bool is_of_another_site(std::span<const http::HeaderField> headers) {
    if (const auto site = field(headers, "Sec-Fetch-Site"); !site.empty()) {
        return !http::same_token(site, "same-origin") && !http::same_token(site, "none");
    }
    const auto origin = field(headers, "Origin");
    if (origin.empty()) {
        return false;
    }
    const auto asked = host_of_origin(origin);
    // A proxy may have put its own name into Host, and says in the other field what was asked for;
    // a page of another site cannot set that one without being asked for leave first.
    return asked.empty() || (!http::same_token(asked, field(headers, "Host")) &&
                             !http::same_token(asked, field(headers, "X-Forwarded-Host")));
}

bool is_own_host(std::string_view host, std::span<const std::string> names) {
    const std::string_view name = host_name(host);
    return name.empty() || is_address(name) || http::same_token(name, "localhost") ||
           ends_with_token(name, ".localhost") ||
           std::ranges::any_of(names, [&](const std::string& own) {
               return http::same_token(own, name);
           });
}

}  // namespace flywheel::gateway
