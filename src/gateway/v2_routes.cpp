// SPDX-License-Identifier: Apache-2.0
#include "gateway/v2_routes.h"

#include <algorithm>

#include <fmt/format.h>

#include "gateway/infer_answer.h"
#include "gateway/infer_body.h"

namespace flywheel::gateway {

namespace {

using http::append_json_string;
using http::HttpRequest;
using http::HttpResponse;
using http::Method;
using serving::ModelStatus;
using serving::ServedVersion;
using serving::Serving;

constexpr std::size_t kMaxIdBytes = 256;

bool is_visible_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

/// The id of a request that has none in its body; one that is too long or not visible ASCII does
/// not count.
std::string_view header_id(const HttpRequest& request) {
    for (const std::string_view name : {"X-Request-Id", "Ce-Id"}) {
        const std::string_view value = request.header(name);
        if (!value.empty() && value.size() <= kMaxIdBytes && is_visible_ascii(value)) {
            return value;
        }
    }
    return {};
}

/// False and a refusal, when the body is in a form that is not JSON text.
bool accepts_encoding(const HttpRequest& request, HttpResponse& response) {
    const std::string_view coding = request.header("Content-Encoding");
    if (!coding.empty() && !http::same_token(coding, "identity")) {
        response.become_error(
            415, fmt::format("Content-Encoding is not supported; send plain JSON: {}", coding)
        );
        return false;
    }
    if (!request.header("Inference-Header-Content-Length").empty()) {
        response.become_error(
            501,
            "Binary tensors are not supported; send JSON without Inference-Header-Content-Length"
        );
        return false;
    }
    return true;
}

Result<void> infer(Serving& serving, const HttpRequest& request, HttpResponse& response) {
    if (!accepts_encoding(request, response)) {
        return {};
    }
    thread_local InferBody body;  // keeps the parser's memory between requests
    TRY(body.parse(request.body));
    const auto answer = TRY(serving.infer({
        .model = request.parameter("model"),
        .version = request.parameter("version"),
        .request_id = body.id.empty() ? header_id(request) : body.id,
        .texts = body.texts,
        .keep_payload = body.keep_payload,
    }));
    append_infer_answer(response.body, answer, body.outputs);
    response.add_header("X-Request-Id", answer.request_id);
    response.add_header("Fw-Prediction-Id", answer.base_id.text());
    response.add_header("Fw-Model-Version", answer.served->number_text);
    response.add_header("Fw-Route", enum_name(answer.route));
    return {};
}

void append_tensor(
    std::string& out, std::string_view name, std::string_view type, std::string_view shape
) {
    fmt::format_to(
        std::back_inserter(out), R"({{"name":"{}","datatype":"{}","shape":{}}})", name, type, shape
    );
}

void append_metadata(std::string& out, const ModelStatus& status, const ServedVersion& served) {
    out += "{\"name\":";
    append_json_string(out, served.model);
    fmt::format_to(
        std::back_inserter(out), R"(,"versions":["{}"])", fmt::join(status.known, "\",\"")
    );
    out += ",\"platform\":";
    append_json_string(out, "flywheel_" + served.engine);
    out += ",\"inputs\":[";
    append_tensor(out, "text", "BYTES", "[-1]");
    out += "],\"outputs\":[";
    append_tensor(out, "label", "BYTES", "[-1]");
    out += ',';
    append_tensor(out, "label_id", "INT64", "[-1]");
    out += ',';
    append_tensor(out, "scores", "FP32", fmt::format("[-1,{}]", served.classes()));
    out += ',';
    append_tensor(out, "embedding", "FP32", fmt::format("[-1,{}]", served.embedding_size()));
    out += "],\"properties\":{\"labels\":[";
    for (const std::string& label : served.labels) {
        out += out.back() == '[' ? "" : ",";
        append_json_string(out, label);
    }
    out += "]}}";
}

Result<void> show_model(
    const Serving& serving, const HttpRequest& request, HttpResponse& response
) {
    const std::string_view model = request.parameter("model");
    const ModelStatus status = TRY(serving.status(model));
    const auto served = TRY(serving.find(model, request.parameter("version")));
    append_metadata(response.body, status, *served);
    return {};
}

Result<void> show_model_ready(
    const Serving& serving, const HttpRequest& request, HttpResponse& response
) {
    const auto served = TRY(serving.find(request.parameter("model"), request.parameter("version")));
    response.body = "{\"name\":";
    append_json_string(response.body, served->model);
    response.body += ",\"ready\":true}";
    return {};
}

Result<void> list_models(const Serving& serving, HttpResponse& response) {
    response.body = "{\"models\":[";
    for (const ModelStatus& status : serving.status()) {
        response.body += response.body.back() == '[' ? "" : ",";
        append_json_string(response.body, status.model);
    }
    response.body += "]}";
    return {};
}

Result<void> all_models_loaded(const Serving& serving) {
    const auto models = serving.status();
    for (const ModelStatus& status : models) {
        if (!status.ready()) {
            return make_error(
                Code::Unavailable,
                fmt::format("Not ready: model '{}' is not loaded: {}", status.model, status.reason)
            );
        }
    }
    return {};
}

void append_serving_metrics(const Serving& serving, MetricsPage& page) {
    const auto models = serving.status();
    const auto each_version = [&](auto&& line) {
        for (const ModelStatus& status : models) {
            for (const auto& [number, counts] : status.counts) {
                line(status.model, std::to_string(number), *counts);
            }
        }
    };
    page.family("fw_rows_total", "counter", "Rows answered.");
    each_version([&](auto& model, const auto& version, auto& counts) {
        for (const Route route : {Route::Stable, Route::Pinned}) {
            page.sample(
                "fw_rows_total",
                {{"model", model}, {"version", version}, {"route", enum_name(route)}},
                static_cast<double>(counts.rows[static_cast<std::size_t>(route)].load())
            );
        }
    });
    page.family("fw_refused_rows_total", "counter", "Rows refused after the model was found.");
    each_version([&](auto& model, const auto& version, auto& counts) {
        page.sample(
            "fw_refused_rows_total",
            {{"model", model}, {"version", version}},
            static_cast<double>(counts.refused_rows.load())
        );
    });
    page.family("fw_infer_seconds_total", "counter", "Engine time of answered rows.");
    each_version([&](auto& model, const auto& version, auto& counts) {
        page.sample(
            "fw_infer_seconds_total",
            {{"model", model}, {"version", version}},
            static_cast<double>(counts.infer_nanos.load()) * 1e-9
        );
    });
    const auto each_model =
        [&](std::string_view name, std::string_view type, std::string_view help, auto&& value) {
            page.family(name, type, help);
            for (const ModelStatus& status : models) {
                page.sample(name, {{"model", status.model}}, static_cast<double>(value(status)));
            }
        };
    each_model(
        "fw_label_version",
        "gauge",
        "Version that the label stable points to.",
        [](auto& status) { return status.stable; }
    );
    each_model("fw_model_loaded_bytes", "gauge", "Memory of loaded versions.", [](auto& status) {
        return status.memory_bytes;
    });
    each_model(
        "fw_swaps_total",
        "counter",
        "Versions or corrections swapped in.",
        [](auto& status) { return status.swaps; }
    );
    each_model(
        "fw_swap_failures_total",
        "counter",
        "Swaps that failed; the old version serves on.",
        [](auto& status) { return status.swap_failures; }
    );
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
    });
    std::string server = fmt::format(
        R"({{"name":"flywheel","version":"{}","extensions":["parameters","capture","feedback"]}})",
        doors.server_version
    );
    gateway.add({
        .method = Method::Get,
        .pattern = "/v2",
        .name = "server",
        .run = [server](const HttpRequest&, HttpResponse& response) -> Result<void> {
            response.body = server;
            return {};
        },
    });
}

/// One route for the model's stable version and one for a version by number or label.
void add_model_route(
    Gateway& gateway, Method method, const std::string& verb, const http::RouteFunction& run
) {
    for (const std::string middle : {"", "/versions/{version}"}) {
        gateway.add({
            .method = method,
            .pattern = "/v2/models/{model}" + middle + (verb.empty() ? "" : "/" + verb),
            .name = verb.empty() ? "model" : (verb == "ready" ? "model_ready" : verb),
            .run = run,
            .body_limit = method == Method::Post ? kInferBodyLimit : http::kDefaultBodyLimit,
        });
    }
}

}  // namespace

void add_v2_routes(Gateway& gateway, V2Doors doors) {
    Serving* serving = doors.serving;
    add_health_routes(gateway, doors);
    gateway.add({
        .method = Method::Get,
        .pattern = "/v2/models",
        .name = "models",
        .run = [serving](
                   const HttpRequest&, HttpResponse& response
               ) { return list_models(*serving, response); },
    });
    add_model_route(
        gateway,
        Method::Get,
        "",
        [serving](const HttpRequest& request, HttpResponse& response) {
            return show_model(*serving, request, response);
        }
    );
    add_model_route(
        gateway,
        Method::Get,
        "ready",
        [serving](const HttpRequest& request, HttpResponse& response) {
            return show_model_ready(*serving, request, response);
        }
    );
    add_model_route(
        gateway,
        Method::Post,
        "infer",
        [serving](const HttpRequest& request, HttpResponse& response) {
            return infer(*serving, request, response);
        }
    );
    gateway.add_ready_check([serving] { return all_models_loaded(*serving); });
    gateway.add_metrics([serving](MetricsPage& page) { append_serving_metrics(*serving, page); });
}

}  // namespace flywheel::gateway
