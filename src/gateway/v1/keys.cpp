// SPDX-License-Identifier: Apache-2.0
// /v1/keys: API keys made, listed and revoked. Only admins come here.
#include <fmt/format.h>

#include "base/json_value.h"
#include "base/log.h"
#include "gateway/v1/exchange.h"

namespace flywheel::gateway {

namespace {

using http::HttpRequest;
using http::HttpResponse;

/// What people may see of a key: not even its digest.
Result<Json> key_json(const ApiKey& key) {
    Json shown = TRY(parse_json(to_json_text(key)));
    shown.erase("digest");
    return shown;
}

Result<std::vector<std::string>> roles_field(const Json& body) {
    std::vector<std::string> roles;
    const auto found = body.find("roles");
    if (found == body.end() || !found->is_array()) {
        return invalid_argument("Field 'roles' must be a list of names");
    }
    for (const Json& role : *found) {
        if (!role.is_string()) {
            return invalid_argument("Field 'roles' must be a list of names");
        }
        roles.push_back(role.get<std::string>());
    }
    return roles;
}

Result<void> refresh(const V1Rooms& rooms) {
    if (rooms.access != nullptr) {
        rooms.access->refresh(TRY(rooms.keys->list()));
    }
    return {};
}

Result<void> list_keys(
    const V1Rooms& rooms, const HttpRequest& /*request*/, HttpResponse& response
) {
    if (rooms.access != nullptr) {
        TRY(rooms.keys->note_uses(rooms.access->take_uses()));
    }
    Json keys = Json::array();
    for (const ApiKey& key : TRY(rooms.keys->list())) {
        keys.push_back(TRY(key_json(key)));
    }
    answer_json(response, {{"keys", keys}});
    return {};
}

Result<void> add_key(const V1Rooms& rooms, const HttpRequest& request, HttpResponse& response) {
    const Json body = TRY(object_body(request));
    KeyPlan plan;
    plan.name = TRY(string_field(body, "name"));
    plan.roles = TRY(roles_field(body));
    plan.rate = TRY(optional_number(body, "rate")).value_or(0);
    plan.burst = TRY(optional_number(body, "burst")).value_or(0);
    if (const auto expires = TRY(optional_string(body, "expires"))) {
        plan.expires = TRY(parse_time(*expires).within("field 'expires'"));
    }
    const NewKey made = TRY(rooms.keys->add(plan));
    TRY(refresh(rooms));
    log_info("key added", {{"name", plan.name}, {"by", request.caller}});
    Json shown = TRY(key_json(made.record));
    shown["key"] = made.secret;
    response.status = 201;
    answer_json(response, shown);
    return {};
}

Result<void> revoke_key(const V1Rooms& rooms, const HttpRequest& request, HttpResponse& response) {
    const ApiKey revoked = TRY(rooms.keys->revoke(std::string(request.parameter("name"))));
    TRY(refresh(rooms));
    log_info("key revoked", {{"name", revoked.name}, {"by", request.caller}});
    answer_json(response, TRY(key_json(revoked)));
    return {};
}

}  // namespace

void add_key_routes(Gateway& gateway, const V1Rooms& rooms) {
    using http::Method;
    if (rooms.keys == nullptr) {
        return;
    }
    add_slow_routes(
        gateway,
        rooms,
        {{Method::Get, "/v1/keys", "keys", list_keys},
         {Method::Post, "/v1/keys", "add_key", add_key},
         {Method::Post, "/v1/keys/{name}/revoke", "revoke_key", revoke_key}}
    );
}

}  // namespace flywheel::gateway
