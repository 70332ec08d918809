// SPDX-License-Identifier: Apache-2.0
// POST /v2/repository/...: which versions are there, loading and unloading by hand. These routes
// wait for the ledger and the vault, so they run on the server's workers.
#include <algorithm>

#include <fmt/format.h>

#include "base/json_value.h"
#include "base/text.h"
#include "gateway/v2_groups.h"

namespace flywheel::gateway {

namespace {

using http::append_json_string;
using http::HttpRequest;
using http::HttpResponse;
using serving::ModelStatus;
using serving::Serving;

/// An empty body is an empty object.
Result<Json> read_object(std::string_view body) {
    if (trim(body).empty()) {
        return Json(Json::object());
    }
    Json object = TRY(parse_json(body).within("Request body is not valid JSON"));
    if (!object.is_object()) {
        return invalid_argument("Request body is not a JSON object");
    }
    return object;
}

Result<Json> read_parameters(std::string_view body) {
    const Json object = TRY(read_object(body));
    const auto found = object.find("parameters");
    if (found == object.end() || found->is_null()) {
        return Json(Json::object());
    }
    if (!found->is_object()) {
        return invalid_argument("Field 'parameters' is not an object");
    }
    return Json(*found);
}

struct VersionState {
    std::string_view name;
    std::string_view reason;
};

VersionState state_of(const ModelStatus& status, std::int64_t number) {
    if (status.stable == number || status.previous == number) {
        return {"READY", ""};
    }
    if (status.loading == number) {
        return {"LOADING", ""};
    }
    if (std::find(status.leaving.begin(), status.leaving.end(), number) != status.leaving.end()) {
        return {"UNLOADING", "requests still run on it"};
    }
    if (!status.reason.empty()) {
        return {"UNAVAILABLE", status.reason};
    }
    return {"UNAVAILABLE", status.unloaded ? "unloaded" : "not served"};
}

Result<void> show_index(
    const Serving& serving, const HttpRequest& request, HttpResponse& response
) {
    const Json body = TRY(read_object(request.body));
    const auto ready = body.find("ready");
    if (ready != body.end() && !ready->is_boolean() && !ready->is_null()) {
        return invalid_argument("Field 'ready' is not true or false");
    }
    const bool only_ready = ready != body.end() && ready->is_boolean() && ready->get<bool>();
    std::string& out = response.body;
    out = "[";
    for (const ModelStatus& status : serving.status()) {
        for (const std::int64_t number : status.known) {
            const VersionState state = state_of(status, number);
            if (only_ready && state.name != "READY") {
                continue;
            }
            out += out.back() == '[' ? "{\"name\":" : ",{\"name\":";
            append_json_string(out, status.model);
            fmt::format_to(
                std::back_inserter(out),
                R"(,"version":"{}","state":"{}","reason":)",
                number,
                state.name
            );
            append_json_string(out, state.reason);
            out += '}';
        }
    }
    out += ']';
    return {};
}

Result<void> load(Serving& serving, const HttpRequest& request, HttpResponse& response) {
    const std::string model(request.parameter("model"));
    const Json parameters = TRY(read_parameters(request.body));
    for (const auto& [key, value] : parameters.items()) {
        if (key == "config" || key.starts_with("file:")) {
            return make_error(
                Code::Unsupported,
                fmt::format(
                    "A model's files and configuration cannot be sent with load; they come from "
                    "the project: '{}'",
                    key
                )
            );
        }
    }
    TRY(serving.load_model(model));
    response.body = "{}";
    return {};
}

Result<void> unload(Serving& serving, const HttpRequest& request, HttpResponse& response) {
    const std::string model(request.parameter("model"));
    const Json parameters = TRY(read_parameters(request.body));
    for (const std::string_view name : {"unload_dependents", "fw_force"}) {
        const auto found = parameters.find(name);
        if (found != parameters.end() && !found->is_boolean()) {
            return invalid_argument(fmt::format("Parameter '{}' is not true or false", name));
        }
    }
    TRY(serving.unload_model(model));
    response.body = "{}";
    return {};
}

}  // namespace

void add_repository_routes(Gateway& gateway, Serving& serving) {
    gateway.add({
        .method = http::Method::Post,
        .pattern = "/v2/repository/index",
        .name = "repository_index",
        .run = [&serving](
                   const HttpRequest& request, HttpResponse& response
               ) { return show_index(serving, request, response); },
        .doc = {"State of every known version.", "RepositoryIndexRequest", "RepositoryIndex"},
    });
    gateway.add({
        .method = http::Method::Post,
        .pattern = "/v2/repository/models/{model}/load",
        .name = "repository_load",
        .run = [&serving](
                   const HttpRequest& request, HttpResponse& response
               ) { return load(serving, request, response); },
        .speed = http::RouteSpeed::Slow,
        .doc = {"Loads what the model's newest rollout names.", "RepositoryLoad", "Empty"},
    });
    gateway.add({
        .method = http::Method::Post,
        .pattern = "/v2/repository/models/{model}/unload",
        .name = "repository_unload",
        .run = [&serving](
                   const HttpRequest& request, HttpResponse& response
               ) { return unload(serving, request, response); },
        .speed = http::RouteSpeed::Slow,
        .doc = {"Unloads a model; running requests finish.", "RepositoryUnload", "Empty"},
    });
}

}  // namespace flywheel::gateway
