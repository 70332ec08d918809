// SPDX-License-Identifier: Apache-2.0
#include "gateway/openapi/openapi.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/json_value.h"
#include "base/text.h"

namespace flywheel::gateway {

namespace {

using http::Route;

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    }
    return out;
}

Json reference(std::string_view schema) {
    return {{"$ref", "#/components/schemas/" + std::string(schema)}};
}

Json json_content(Json schema) {
    return {{"application/json", {{"schema", std::move(schema)}}}};
}

/// The {names} in a pattern.
Json path_parameters(std::string_view pattern) {
    Json parameters = Json::array();
    for (auto open = pattern.find('{'); open != std::string_view::npos;
         open = pattern.find('{', open + 1)) {
        const auto close = pattern.find('}', open);
        parameters.push_back({
            {"name", pattern.substr(open + 1, close - open - 1)},
            {"in", "path"},
            {"required", true},
            {"schema", {{"type", "string"}}},
        });
    }
    return parameters;
}

/// Unique in the document: the route's name, and "_version" for its second path.
std::string operation_id(const Route& route) {
    const bool version = route.pattern.find("{version}") != std::string::npos;
    const bool all = route.pattern == "/v2/models/stats";
    return route.name + (version ? "_version" : all ? "_all" : "");
}

Json request_body(const Route& route) {
    Json content = json_content(reference(route.doc.request));
    if (route.name == "infer") {
        content["application/octet-stream"] = Json::object();
    } else if (route.name == "feedback") {
        content["application/x-ndjson"] = Json::object();
    }
    return {{"content", std::move(content)}};
}

/// The lines of the details that begin with `mark`, without it.
std::vector<std::string_view> lines_of(std::string_view details, char mark) {
    std::vector<std::string_view> lines;
    while (!details.empty()) {
        const auto end = std::min(details.find('\n'), details.size());
        if (details.starts_with(mark)) {
            lines.push_back(trim(details.substr(1, end - 1)));
        }
        details.remove_prefix(std::min(end + 1, details.size()));
    }
    return lines;
}

void append_query(const Route& route, Json& parameters) {
    for (const std::string_view line : lines_of(route.doc.details, '?')) {
        const auto colon = line.find(':');
        parameters.push_back({
            {"name", line.substr(0, colon)},
            {"in", "query"},
            {"description", trim(line.substr(colon + 1))},
            {"schema", {{"type", "string"}}},
        });
    }
}

/// Examples are for reading: they have an ellipsis where more follows.
void append_examples(const Route& route, Json& made) {
    std::string text;
    for (const auto& [mark, title] : {std::pair('>', "Takes"), std::pair('<', "Gives")}) {
        for (const std::string_view line : lines_of(route.doc.details, mark)) {
            text += fmt::format("{} `{}`\n\n", title, line);
        }
    }
    if (!text.empty()) {
        made["description"] = trim(text);
    }
}

Json operation(const Route& route) {
    Json made;
    made["operationId"] = operation_id(route);
    made["summary"] = route.doc.summary.empty() ? std::string_view(route.name) : route.doc.summary;
    made["tags"] = {route.pattern.substr(1, route.pattern.find('/', 1) - 1)};
    Json parameters = path_parameters(route.pattern);
    append_query(route, parameters);
    if (!parameters.empty()) {
        made["parameters"] = std::move(parameters);
    }
    append_examples(route, made);
    if (!route.doc.request.empty()) {
        made["requestBody"] = request_body(route);
    }
    Json good = {{"description", "OK"}};
    if (!route.doc.answer.empty()) {
        good["content"] = json_content(reference(route.doc.answer));
    }
    if (route.name == "infer") {
        good["content"]["application/octet-stream"] = Json::object();
    }
    made["responses"][route.name == "feedback" ? "202" : "200"] = std::move(good);
    made["responses"]["default"] = {{"$ref", "#/components/responses/Error"}};
    return made;
}

}  // namespace

std::string openapi_text(const http::Router& router, std::string_view version) {
    Json document;
    document["openapi"] = "3.1.0";
    document["info"] = {
        {"title", "Flywheel"},
        {"version", version},
        {"description",
         "Open Inference Protocol V2 with capture and feedback. Every answer of 400 or more is "
         "{\"error\": \"sentence\"}."},
        {"license", {{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}}},
    };
    for (const auto& route : router.routes()) {
        document["paths"][route->pattern][lower(name_of(route->method))] = operation(*route);
    }
    document["components"]["schemas"] = parse_json(schemas_text()).value();
    document["components"]["responses"]["Error"] = {
        {"description", "Refused or failed"}, {"content", json_content(reference("Error"))}
    };
    return pretty(document);
}

}  // namespace flywheel::gateway
