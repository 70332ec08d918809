// SPDX-License-Identifier: Apache-2.0
// key: who may call the server.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include "app/commands_parts.h"
#include "app/screen.h"
#include "base/json_value.h"

namespace flywheel::app {

namespace {

std::string limit_of(const Json& key) {
    const double rate = key.value("rate", 0.0);
    return rate == 0 ? "-" : fmt::format("{:g}/s, {:g} at once", rate, key.value("burst", 0.0));
}

/// "in use", "expired" or "revoked", with the day.
std::string state_of(const Json& key, const std::string& now) {
    if (!key.at("revoked").is_null()) {
        return "revoked " + key.value("revoked", "").substr(0, 10);
    }
    if (key.at("expires").is_null()) {
        return "in use";
    }
    const std::string expires = key.value("expires", "");
    return (expires <= now ? "expired " : "in use until ") + expires.substr(0, 10);
}

}  // namespace

Result<void> run_key_add(const CommandScope& scope, const KeyOptions& options) {
    const auto door = TRY(open_door(scope));
    Json body = {
        {"name", options.name},
        {"roles", options.roles},
        {"rate", options.rate},
        {"burst", options.burst}
    };
    if (!options.expires.empty()) {
        body["expires"] = options.expires;
    }
    const Json made = TRY(door->post_json("/v1/keys", body));
    if (scope.json) {
        print_json(made);
        return {};
    }
    print_out(made.value("key", "") + "\n");
    say("this key is shown once; send it as 'Authorization: Bearer KEY'. From now on every caller "
        "needs one");
    return {};
}

Result<void> run_key_list(const CommandScope& scope) {
    const auto door = TRY(open_door(scope));
    const Json listed = TRY(door->get_json("/v1/keys"));
    if (scope.json) {
        print_json(listed);
        return {};
    }
    if (listed.at("keys").empty()) {
        print_out("No keys: everybody on this machine may do everything.\n");
        return {};
    }
    Table table;
    for (const char* title : {"name", "roles", "limit", "made", "used", "state"}) {
        table.add_column(title);
    }
    const std::string now = to_rfc3339(SystemClock().now());
    for (const Json& key : listed.at("keys")) {
        table.add_row(
            {key.value("name", ""),
             fmt::format("{}", fmt::join(key.at("roles").get<std::vector<std::string>>(), ", ")),
             limit_of(key),
             key.value("created", "").substr(0, 10),
             key.at("last_used").is_null() ? "never" : key.value("last_used", "").substr(0, 16),
             state_of(key, now)}
        );
    }
    print_out(table.to_text(terminal_width(STDOUT_FILENO), Painter(wants_colour(STDOUT_FILENO))));
    return {};
}

Result<void> run_key_revoke(const CommandScope& scope, const KeyOptions& options) {
    const auto door = TRY(open_door(scope));
    TRY(door->post_json("/v1/keys/" + options.name + "/revoke", Json::object()));
    print_out(fmt::format("The key of {} is refused from now on.\n", options.name));
    return {};
}

}  // namespace flywheel::app
