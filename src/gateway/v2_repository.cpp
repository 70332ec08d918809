// SPDX-License-Identifier: Apache-2.0
// POST /v2/repository/...: which versions are there, loading and unloading by hand. These routes
// wait for the ledger and the vault, so they run on the server's workers.
#include <algorithm>

#include <fmt/format.h>

#include "base/json_value.h"
#include "base/text.h"
#include "gateway/infer/infer_body.h"
#include "gateway/repository/sent_version.h"
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
    const auto is_loaded = [&](const auto& version) { return version->number == number; };
    if (std::any_of(status.loaded.begin(), status.loaded.end(), is_loaded)) {
        return {"READY", ""};
    }
    if (status.loading == number) {
        return {"LOADING", ""};
    }
    if (std::find(status.leaving.begin(), status.leaving.end(), number) != status.leaving.end()) {
        return {"UNLOADING", "requests still run on it"};
    }
    if (const auto failed = status.reasons.find(number); failed != status.reasons.end()) {
        return {"UNAVAILABLE", failed->second};
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

std::string name_of_caller(const HttpRequest& request) {
    return request.caller.empty() ? "repository" : std::string(request.caller);
}

/// The version that came with the request: imported, loaded, then released. Whatever fails, the
/// version that served before serves on.
Result<void> release_sent(const V2Doors& doors, SentVersion sent, const HttpRequest& request) {
    const Engine* const engine = TRY(doors.repository->engines.named(sent.engine));
    const std::string who = name_of_caller(request);
    const auto version = TRY(doors.repository->compression.import_version({
        .model = std::string(request.parameter("model")),
        .number = sent.number,
        .engine = engine,
        .artefact = std::move(sent.artefact),
        .labels = std::move(sent.labels),
        .card = std::move(sent.card),
        .licence = "",
        .origin = "repository load",
        .who = who,
        .now = doors.repository->clock.now(),
    }));
    TRY(doors.serving->prepare(
        version.model,
        version.number,
        sent.signature_change ? serving::SignatureChange::Allowed
                              : serving::SignatureChange::Refused
    ));
    TRY(doors.repository->release.promote({
        .model = version.model,
        .version = version.number,
        .signature_change = sent.signature_change,
        .who = who,
        .reason = "",
        .now = doors.repository->clock.now(),
    }));
    return doors.serving->follow_labels(version.model);
}

Result<void> load(const V2Doors& doors, const HttpRequest& request, HttpResponse& response) {
    const std::string model(request.parameter("model"));
    const Json parameters = TRY(read_parameters(request.body));
    auto sent = TRY(read_sent_version(parameters, model));
    if (sent && !doors.repository) {
        return make_error(
            Code::Unsupported, "A model's files and configuration cannot be sent to this server"
        );
    }
    if (sent) {
        auto released = release_sent(doors, std::move(*sent), request);
        if (!released && released.error().code == Code::Corrupt) {
            // The bytes of the caller, not of ours, are damaged.
            return invalid_argument(released.error().message);
        }
        TRY(std::move(released));
    }
    TRY(doors.serving->load_model(model));
    response.body = "{}";
    return {};
}

/// Ends the live Rollout if the caller insists; Conflict if not.
Result<void> end_live(
    const V2Doors& doors, const std::string& model, bool force, const HttpRequest& request
) {
    const RolloutFold fold = TRY(doors.repository->release.standing(model));
    if (!fold.live()) {
        return {};
    }
    if (!force) {
        return make_error(
            Code::Conflict,
            fmt::format(
                "A rollout of this model is under way; cancel it first, or send fw_force: '{}' {} "
                "of version {}",
                model,
                enum_name(fold.live()->state),
                fold.live()->to_version
            )
        );
    }
    TRY(doors.repository->release.cancel({
        .model = model,
        .who = name_of_caller(request),
        .reason = "The model was unloaded by force.",
        .now = doors.repository->clock.now(),
    }));
    return {};
}

Result<void> unload(const V2Doors& doors, const HttpRequest& request, HttpResponse& response) {
    const std::string model(request.parameter("model"));
    const Json parameters = TRY(read_parameters(request.body));
    for (const std::string_view name : {"unload_dependents", "fw_force"}) {
        const auto found = parameters.find(name);
        if (found != parameters.end() && !found->is_boolean()) {
            return invalid_argument(fmt::format("Parameter '{}' is not true or false", name));
        }
    }
    if (doors.repository && doors.serving->status(model)) {
        TRY(end_live(doors, model, parameters.value("fw_force", false), request));
    }
    TRY(doors.serving->unload_model(model));
    response.body = "{}";
    return {};
}

}  // namespace

void add_repository_routes(Gateway& gateway, const V2Doors& doors) {
    const Serving& serving = *doors.serving;
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
        .run = [doors](
                   const HttpRequest& request, HttpResponse& response
               ) { return load(doors, request, response); },
        .speed = http::RouteSpeed::Slow,
        .body_limit = gateway.limits().infer.body,
        .doc =
            {"Loads what the model's labels name, or releases the version that is sent along.",
             "RepositoryLoad",
             "Empty"},
    });
    gateway.add({
        .method = http::Method::Post,
        .pattern = "/v2/repository/models/{model}/unload",
        .name = "repository_unload",
        .run = [doors](
                   const HttpRequest& request, HttpResponse& response
               ) { return unload(doors, request, response); },
        .speed = http::RouteSpeed::Slow,
        .doc = {"Unloads a model; running requests finish.", "RepositoryUnload", "Empty"},
    });
}

}  // namespace flywheel::gateway
