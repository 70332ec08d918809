// SPDX-License-Identifier: Apache-2.0
// GET /v2/models and what is said of one model: metadata, readiness, configuration.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "gateway/v2_groups.h"

namespace flywheel::gateway {

namespace {

using http::append_json_string;
using http::HttpRequest;
using http::HttpResponse;
using serving::ModelStatus;
using serving::ServedVersion;
using serving::Serving;

void append_tensors(std::string& out, const std::vector<TensorSpec>& specs) {
    for (const TensorSpec& spec : specs) {
        out += out.back() == '[' ? "{\"name\":" : ",{\"name\":";
        append_json_string(out, spec.name);
        fmt::format_to(
            std::back_inserter(out),
            R"(,"datatype":"{}","shape":{}}})",
            name_of(spec.type),
            spec.shape.text()
        );
    }
}

/// Names in class order as the text of a JSON array: properties are strings in the protocol, and
/// typed clients refuse anything else.
std::string label_text(const ServedVersion& served) {
    std::string text = "[";
    for (const std::string& label : served.labels) {
        text += text.back() == '[' ? "" : ",";
        append_json_string(text, label);
    }
    return text + ']';
}

Result<void> show_model(
    const Serving& serving, const HttpRequest& request, HttpResponse& response
) {
    const std::string_view model = request.parameter("model");
    const ModelStatus status = TRY(serving.status(model));
    const auto served = TRY(serving.find(model, request.parameter("version")));
    std::string& out = response.body;
    out += "{\"name\":";
    append_json_string(out, served->model);
    fmt::format_to(
        std::back_inserter(out), R"(,"versions":["{}"])", fmt::join(status.known, "\",\"")
    );
    out += ",\"platform\":";
    append_json_string(out, platform_of(*served));
    out += ",\"inputs\":[";
    append_tensors(out, served->signature.inputs);
    out += "],\"outputs\":[";
    append_tensors(out, served->signature.outputs);
    out += "],\"properties\":{";
    if (!served->labels.empty()) {
        out += "\"labels\":";
        append_json_string(out, label_text(*served));
    }
    out += "}}";
    return {};
}

Result<void> show_ready(
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

/// Shapes without their batch dimension.
void append_config_tensors(std::string& out, const std::vector<TensorSpec>& specs, bool batches) {
    for (const TensorSpec& spec : specs) {
        out += out.back() == '[' ? "{\"name\":" : ",{\"name\":";
        append_json_string(out, spec.name);
        const std::int64_t* first = spec.shape.begin() + (batches ? 1 : 0);
        fmt::format_to(
            std::back_inserter(out),
            R"(,"data_type":"{}","dims":[{}]}})",
            config_name_of(spec.type),
            fmt::join(first, spec.shape.end(), ",")
        );
    }
}

/// Rows of one engine call; 0 = it does not batch. A model without a queue takes whole requests.
std::int64_t batch_limit(const Serving& serving, const ServedVersion& served) {
    if (!served.signature.batches) {
        return 0;
    }
    return served.lane ? served.lane->limits().batch_rows
                       : static_cast<std::int64_t>(serving.max_rows());
}

/// What is loaded by labels only is shown as the latest one: the protocol has no word for it.
std::string policy_text(const serving::VersionPolicy& policy) {
    switch (policy.keep) {
        case serving::Keep::All:
            return R"({"all":{}})";
        case serving::Keep::Specific:
            return fmt::format(
                R"({{"specific":{{"versions":[{}]}}}})", fmt::join(policy.versions, ",")
            );
        default:
            return fmt::format(R"({{"latest":{{"num_versions":{}}}}})", policy.count);
    }
}

Result<void> show_config(
    const Serving& serving, const HttpRequest& request, HttpResponse& response
) {
    const ModelStatus status = TRY(serving.status(request.parameter("model")));
    const auto served = TRY(serving.find(request.parameter("model"), request.parameter("version")));
    const Signature& signature = served->signature;
    std::string& out = response.body;
    out += "{\"name\":";
    append_json_string(out, served->model);
    out += ",\"platform\":";
    append_json_string(out, platform_of(*served));
    out += ",\"backend\":";
    append_json_string(out, served->engine);
    fmt::format_to(
        std::back_inserter(out),
        R"(,"max_batch_size":{},"version_policy":{},"input":[)",
        batch_limit(serving, *served),
        policy_text(status.policy)
    );
    append_config_tensors(out, signature.inputs, signature.batches);
    out += "],\"output\":[";
    append_config_tensors(out, signature.outputs, signature.batches);
    const auto* lane = served->lane.get();
    fmt::format_to(
        std::back_inserter(out),
        R"(],"instance_group":[{{"kind":"KIND_CPU","count":{}}}])",
        lane != nullptr ? lane->limits().instances : 1
    );
    if (signature.batches) {
        fmt::format_to(
            std::back_inserter(out),
            R"(,"dynamic_batching":{{"max_queue_delay_microseconds":{}}})",
            lane != nullptr ? lane->limits().delay.count() : 0
        );
    }
    out += R"(,"model_transaction_policy":{"decoupled":false}})";
    return {};
}

}  // namespace

std::string platform_of(const ServedVersion& served) {
    return "flywheel_" + served.engine;
}

void add_model_route(Gateway& gateway, std::string_view verb, const http::Route& route) {
    for (const std::string middle : {"", "/versions/{version}"}) {
        http::Route one = route;
        one.pattern = "/v2/models/{model}" + middle;
        one.pattern += verb.empty() ? "" : "/" + std::string(verb);
        gateway.add(std::move(one));
    }
}

void add_model_metadata_routes(Gateway& gateway, const Serving& serving) {
    using Show = Result<void> (*)(const Serving&, const HttpRequest&, HttpResponse&);

    struct Row {
        std::string_view verb;
        std::string_view name;
        Show show;
        http::RouteDoc doc;
    };

    gateway.add({
        .method = http::Method::Get,
        .pattern = "/v2/models",
        .name = "models",
        .run = [&serving](
                   const HttpRequest&, HttpResponse& response
               ) { return list_models(serving, response); },
        .doc = {"Names of all models.", "", "ModelList"},
    });
    for (const Row& row : {
             Row{"", "model", show_model, {"What a model takes and gives.", "", "ModelMetadata"}},
             Row{"ready",
                 "model_ready",
                 show_ready,
                 {"Whether a model is loaded and warm.", "", "ModelReady"}},
             Row{"config",
                 "model_config",
                 show_config,
                 {"A model's configuration.", "", "ModelConfig"}},
         }) {
        http::Route route;
        route.name = row.name;
        route.run = [&serving, show = row.show](
                        const HttpRequest& request, HttpResponse& response
                    ) { return show(serving, request, response); };
        route.doc = row.doc;
        add_model_route(gateway, row.verb, route);
    }
}

}  // namespace flywheel::gateway
