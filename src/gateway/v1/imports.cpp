// SPDX-License-Identifier: Apache-2.0
// A model that was made elsewhere becomes a version: its artefact lies in the vault already, put
// there by the command or by whoever has the directory.
#include <fmt/format.h>

#include "base/json_value.h"
#include "gateway/v1/exchange.h"

namespace flywheel::gateway {

namespace {

constexpr std::size_t kMostLabels = 100'000;

Result<std::vector<std::string>> labels_of(const Json& body) {
    std::vector<std::string> labels;
    const auto found = body.find("labels");
    if (found == body.end() || found->is_null()) {
        return labels;
    }
    if (!found->is_array() || found->size() > kMostLabels) {
        return invalid_argument(
            fmt::format("Field 'labels' must be a list of at most {} texts", kMostLabels)
        );
    }
    for (const Json& label : *found) {
        if (!label.is_string()) {
            return invalid_argument("Field 'labels' must be a list of texts");
        }
        labels.push_back(label.get<std::string>());
    }
    return labels;
}

Result<compression::ImportedArtefact> artefact_of(const V1Rooms& rooms, const Json& body) {
    compression::ImportedArtefact artefact;
    artefact.engine = TRY(rooms.engines->named(TRY(string_field(body, "engine"))));
    const Digest digest = TRY(Digest::parse(TRY(string_field(body, "artefact"))));
    artefact.artefact = TRY(rooms.vault.get(digest));
    artefact.labels = TRY(labels_of(body));
    artefact.licence = TRY(optional_string(body, "licence")).value_or("");
    artefact.origin = TRY(optional_string(body, "origin")).value_or("");
    artefact.who = TRY(optional_string(body, "who")).value_or("a person");
    artefact.now = rooms.clock.now();
    return artefact;
}

/// The first version of a model is served at once, unless that was not wanted; who brings a second
/// one promotes it when it is time.
Result<void> import_model(
    const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
) {
    const Json body = TRY(object_body(request));
    const std::string model(request.parameter("model"));
    if (model == rooms.conductor.policy().model) {
        return make_error(
            Code::Conflict,
            "The loop trains this model itself; import yours under another name: " + model
        );
    }
    auto artefact = TRY(artefact_of(rooms, body));
    artefact.model = model;
    const bool wanted = TRY(optional_bool(body, "release")).value_or(true);
    const std::string who = artefact.who;
    const ModelVersion version = TRY(rooms.compression->import_version(artefact));
    const bool first = !TRY(rooms.release.champion(version.model)).has_value();
    if (first && wanted) {
        TRY(rooms.serving.prepare(version.model, version.number, serving::SignatureChange::Refused)
        );
        TRY(rooms.release.promote({
            .model = version.model,
            .version = version.number,
            .who = who,
            .reason = "",
            .now = rooms.clock.now(),
        }));
        TRY(rooms.serving.follow_labels(version.model));
    }
    response.body =
        fmt::format(R"({{"released":{},"version":{}}})", first && wanted, to_json_text(version));
    return {};
}

}  // namespace

void add_import_route(Gateway& gateway, const V1Rooms& rooms) {
    if (rooms.compression == nullptr || rooms.engines == nullptr) {
        return;
    }
    add_slow_routes(
        gateway, rooms, {{http::Method::Post, "/v1/models/{model}/import", "import", import_model}}
    );
}

}  // namespace flywheel::gateway
