// SPDX-License-Identifier: Apache-2.0
#include "gateway/v1/exchange.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/json_value.h"
#include "base/text.h"
#include "gateway/v1/guide.h"

namespace flywheel::gateway {

namespace {

Result<std::string> decoded(std::string_view text) {
    std::string spaced(text);
    std::replace(spaced.begin(), spaced.end(), '+', ' ');
    std::string out;
    if (!http::append_percent_decoded(out, spaced)) {
        return invalid_argument(
            fmt::format("A '%' in the query is not followed by two hexadecimal digits: {}", text)
        );
    }
    TRY(check_utf8(out).within("query"));
    return out;
}

}  // namespace

Result<Query> Query::parse(std::string_view query, std::initializer_list<std::string_view> known) {
    Query parsed;
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        const std::string_view pair = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        if (pair.empty()) {
            continue;
        }
        const std::size_t equals = std::min(pair.find('='), pair.size());
        std::string name = TRY(decoded(pair.substr(0, equals)));
        std::string value = TRY(decoded(pair.substr(std::min(equals + 1, pair.size()))));
        if (std::find(known.begin(), known.end(), name) == known.end()) {
            return invalid_argument(fmt::format(
                "Unknown query parameter; known are {}: '{}'", fmt::join(known, ", "), name
            ));
        }
        if (!parsed.values_.emplace(name, std::move(value)).second) {
            return invalid_argument(fmt::format("Query parameter stands there twice: '{}'", name));
        }
    }
    return parsed;
}

std::string Query::text(std::string_view name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? std::string() : found->second;
}

Result<std::int64_t> Query::integer(
    std::string_view name, std::int64_t otherwise, std::int64_t least, std::int64_t most
) const {
    const auto found = values_.find(name);
    if (found == values_.end()) {
        return otherwise;
    }
    const std::string& text = found->second;
    std::int64_t number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc() || end != text.data() + text.size() || number < least ||
        number > most) {
        return invalid_argument(fmt::format(
            "Query parameter '{}' must be a whole number from {} to {}: '{}'",
            name,
            least,
            most,
            text
        ));
    }
    return number;
}

Result<Json> object_body(const http::HttpRequest& request) {
    if (trim(request.body).empty()) {
        return Json(Json::object());
    }
    Json body = TRY(parse_json(request.body).within("body"));
    if (!body.is_object()) {
        return invalid_argument(
            fmt::format("The body must be a JSON object, but is: {}", body.type_name())
        );
    }
    return body;
}

Result<std::string> known_model(const V1Rooms& rooms, std::string_view name) {
    const std::string& own = rooms.conductor.policy().model;
    if (name.empty() || name == own) {
        return own;
    }
    const auto of_it = Where<ModelVersion>().eq(&ModelVersion::model, std::string(name));
    if (TRY(rooms.records.versions.count(of_it)) > 0) {
        return std::string(name);
    }
    std::set<std::string> known = {own};
    for (const ModelVersion& version : TRY(rooms.records.versions.select())) {
        known.insert(version.model);
    }
    return not_found(fmt::format(
        "Request for unknown model: '{}' is not found; known: '{}'", name, fmt::join(known, "', '")
    ));
}

bool may_speak_for(const V1Rooms& rooms, const http::HttpRequest& request, std::string_view actor) {
    if (rooms.access == nullptr || !rooms.access->guarded() || request.caller == actor) {
        return true;
    }
    const auto roles = rooms.access->roles_of(request.caller);
    return std::ranges::find(roles, http::name_of(http::Role::Admin)) != roles.end();
}

std::string not_your_name(const http::HttpRequest& request, std::string_view actor) {
    return fmt::format(
        "An answer carries the name of its key; yours is '{}', not '{}'", request.caller, actor
    );
}

void answer_json(http::HttpResponse& response, const Json& body) {
    response.body = canonical(body);
}

void add_slow_routes(Gateway& gateway, const V1Rooms& rooms, std::vector<V1Route> routes) {
    const auto shared = std::make_shared<const V1Rooms>(rooms);
    for (V1Route& route : routes) {
        const http::RouteDoc doc = guide_to(route.method, route.pattern);
        gateway.add({
            .method = route.method,
            .pattern = std::move(route.pattern),
            .name = std::move(route.name),
            .run = [shared, run = std::move(route.run)](
                       const http::HttpRequest& request, http::HttpResponse& response
                   ) { return run(*shared, request, response); },
            .speed = http::RouteSpeed::Slow,
            .body_limit = route.body_limit,
            .doc = doc,
            .private_body = route.private_body,
        });
    }
}

void add_v1_routes(Gateway& gateway, const V1Rooms& rooms) {
    add_label_routes(gateway, rooms);
    add_turn_routes(gateway, rooms);
    add_model_routes(gateway, rooms);
    add_import_route(gateway, rooms);
    add_record_routes(gateway, rooms);
    add_status_route(gateway, rooms);
    add_key_routes(gateway, rooms);
    add_audit_routes(gateway, rooms);
    add_captured_routes(gateway, rooms);
    add_label_report_routes(gateway, rooms);
    add_item_routes(gateway, rooms);
    add_evaluated_routes(gateway, rooms);
    add_traffic_routes(gateway, rooms);
    add_people_routes(gateway, rooms);
    add_review_routes(gateway, rooms);
    add_settings_routes(gateway, rooms);
}

}  // namespace flywheel::gateway
