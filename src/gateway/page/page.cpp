// SPDX-License-Identifier: Apache-2.0
#include "gateway/page/page.h"

#include <string>

#include "gateway/http/content_coding.h"
#include "gateway/page/page_files.h"

namespace flywheel::gateway {

namespace {

/// Nothing from any other place, no inline script or style, in nobody's frame.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' "
    "data:; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
constexpr std::string_view kForEver = "public, max-age=31536000, immutable";
constexpr int kNotModified = 304;

void answer_with(
    const PageFile& file, const http::HttpRequest& request, http::HttpResponse& response
) {
    response.content_type = file.type;
    response.add_header("Content-Security-Policy", kPolicy);
    response.add_header("X-Content-Type-Options", "nosniff");
    response.add_header("Referrer-Policy", "no-referrer");
    response.add_header("Cross-Origin-Opener-Policy", "same-origin");
    response.add_header("Cross-Origin-Resource-Policy", "same-origin");
    response.add_header("Cache-Control", file.for_ever ? kForEver : "no-cache");
    response.add_header("ETag", file.tag);
    response.add_header("Vary", "Accept-Encoding");
    if (request.header("If-None-Match") == file.tag) {
        response.status = kNotModified;
        return;
    }
    const bool gzipped =
        !file.gzipped.empty() &&
        http::choose_coding(request.header("Accept-Encoding")) == http::Coding::Gzip;
    if (gzipped) {
        response.add_header("Content-Encoding", "gzip");
    }
    response.body = gzipped ? file.gzipped : file.plain;
}

}  // namespace

void add_page(Gateway& gateway) {
    for (const PageFile& file : page_files()) {
        gateway.add({
            .method = http::Method::Get,
            .pattern = std::string(file.path),
            .name = file.path == "/" ? "page" : "page_file",
            .run =
                [&file](const http::HttpRequest& request, http::HttpResponse& response) {
                    answer_with(file, request, response);
                    return Result<void>();
                },
        });
    }
}

}  // namespace flywheel::gateway
