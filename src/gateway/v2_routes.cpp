// SPDX-License-Identifier: Apache-2.0
#include "gateway/v2_routes.h"

#include <fmt/format.h>

#include "gateway/openapi/openapi.h"
#include "gateway/v2_groups.h"

namespace flywheel::gateway {

namespace {

using http::HttpRequest;
using http::HttpResponse;
using http::Method;
using serving::ModelStatus;
using serving::Serving;

constexpr std::string_view kHtmlType = "text/html; charset=utf-8";
constexpr std::string_view kPagePolicy =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";
constexpr std::string_view kExtensions =
    R"x("binary_tensor_data","classification","statistics","model_configuration",)x"
    R"x("model_repository","model_repository(unload_dependents)","parameters","schedule_policy",)x"
    R"x("capture","feedback")x";

Result<void> all_models_loaded(const Serving& serving) {
    const auto models = serving.status();
    for (const ModelStatus& status : models) {
        if (!status.ready() && !status.unloaded) {
            return make_error(
                Code::Unavailable,
                fmt::format("Not ready: model '{}' is not loaded: {}", status.model, status.reason)
            );
        }
    }
    return {};
}

void add_health_routes(Gateway& gateway, const V2Doors& doors) {
    gateway.add({
        .method = Method::Get,
        .pattern = "/v2/health/live",
        .name = "live",
        .run = [](const HttpRequest&, HttpResponse& response) -> Result<void> {
            response.body = "{\"live\":true}";
            return {};
        },
        .doc = {"The process lives.", "", "Live"},
    });
    gateway.add({
        .method = Method::Get,
        .pattern = "/v2/health/ready",
        .name = "ready",
        .run = [&gateway](const HttpRequest&, HttpResponse& response) -> Result<void> {
            TRY(gateway.ready());
            response.body = "{\"ready\":true}";
            return {};
        },
        .doc = {"Every model is loaded and the server is not stopping.", "", "Ready"},
    });
    std::string server = fmt::format(
        R"({{"name":"flywheel","version":"{}","extensions":[{}]}})",
        doors.server_version,
        kExtensions
    );
    gateway.add({
        .method = Method::Get,
        .pattern = "/v2",
        .name = "server",
        .run = [server](const HttpRequest&, HttpResponse& response) -> Result<void> {
            response.body = server;
            return {};
        },
        .doc = {"Name, version and extensions of the server.", "", "ServerMetadata"},
    });
}

/// Made at each request from the route table, which by then is whole.
void add_documentation_routes(Gateway& gateway, const V2Doors& doors) {
    gateway.add({
        .method = Method::Get,
        .pattern = "/v2/openapi.json",
        .name = "openapi",
        .run = [&gateway, version = doors.server_version](
                   const HttpRequest&, HttpResponse& response
               ) -> Result<void> {
            response.body = openapi_text(gateway.router(), version);
            return {};
        },
        .doc = {"This interface as an OpenAPI 3.1 document."},
    });
    gateway.add({
        .method = Method::Get,
        .pattern = "/v2/docs",
        .name = "docs",
        .run = [&gateway, version = doors.server_version](
                   const HttpRequest&, HttpResponse& response
               ) -> Result<void> {
            response.content_type = kHtmlType;
            response.add_header("Content-Security-Policy", kPagePolicy);
            response.body = docs_page(gateway.router(), version);
            return {};
        },
        .doc = {"This interface as a page."},
    });
}

}  // namespace

void add_v2_routes(Gateway& gateway, V2Doors doors) {
    Serving* serving = doors.serving;
    add_health_routes(gateway, doors);
    add_model_metadata_routes(gateway, *serving);
    add_statistics_routes(gateway, *serving);
    add_infer_routes(gateway, *serving);
    add_repository_routes(gateway, doors);
    add_documentation_routes(gateway, doors);
    gateway.add_ready_check([serving] { return all_models_loaded(*serving); });
    gateway.add_metrics([serving](MetricsPage& page) { append_serving_metrics(*serving, page); });
    if (doors.triton_names) {
        gateway.add_metrics([serving](MetricsPage& page) { append_triton_metrics(*serving, page); }
        );
    }
}

}  // namespace flywheel::gateway
