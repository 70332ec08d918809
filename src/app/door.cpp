// SPDX-License-Identifier: Apache-2.0
#include "app/door.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "app/server.h"
#include "app/settings.h"
#include "base/json_value.h"

namespace flywheel::app {

Code code_of_status(int status) {
    for (const Code code : kAllCodes) {
        if (http_status(code) == status) {
            return code;
        }
    }
    return status < 500 ? Code::InvalidArgument : Code::Internal;
}

Result<std::unique_ptr<Door>> Door::open(
    const std::filesystem::path& dir, const Clock& clock, OpenOptions options
) {
    auto project = Project::open(dir, clock, std::move(options));
    if (project) {
        return std::make_unique<Door>(std::move(*project));
    }
    if (project.error().code != Code::Conflict) {
        return std::move(project).error();
    }
    const Settings settings = TRY(read_settings(dir / "flywheel.toml"));
    RunningServer server = running_server(dir, settings);
    if (auto alive = ask_server(server, http::Method::Get, "/v1/status", ""); !alive) {
        return make_error(
            Code::Unavailable,
            fmt::format(
                "{}. Its server cannot be asked either: {}",
                project.error().message,
                alive.error().message
            )
        );
    }
    return std::make_unique<Door>(std::move(server), settings.model);
}

Door::Door(std::unique_ptr<Project> project)
    : model_(project->settings().model),
      source_("the files in " + project->dir().string()),
      project_(std::move(project)),
      gateway_(std::make_unique<gateway::Gateway>()) {
    gateway_->keep_audit(project_->audit());
    gateway::add_v1_routes(*gateway_, v1_rooms(*project_));
}

Door::Door(RunningServer server, std::string model)
    : model_(std::move(model)),
      source_("the server at " + server.url),
      server_(std::move(server)) {}

Door::~Door() = default;

Result<std::string> Door::ask_here(
    http::Method method, const std::string& target, const std::string& body
) {
    const std::size_t mark = std::min(target.find('?'), target.size());
    http::HttpRequest request;
    request.method = method;
    request.path = std::string_view(target).substr(0, mark);
    request.query = std::string_view(target).substr(std::min(mark + 1, target.size()));
    request.body = body;
    request.caller = "local";
    http::RouteMatch found;
    gateway_->router().match(method, request.path, found);
    if (found.outcome != http::RouteOutcome::Found) {
        return not_found("No such route: " + target);
    }
    request.parameters = found.parameters;
    http::HttpResponse response;
    TRY(found.route->run(request, response));
    return std::move(response.body);
}

Result<std::string> Door::ask(
    http::Method method, const std::string& target, const std::string& body
) {
    return project_ ? ask_here(method, target, body) : ask_server(server_, method, target, body);
}

Result<std::string> Door::get(const std::string& target) {
    return ask(http::Method::Get, target, "");
}

Result<std::string> Door::post(const std::string& target, const std::string& body) {
    return ask(http::Method::Post, target, body);
}

Result<Json> Door::get_json(const std::string& target) {
    return parse_json(TRY(get(target)));
}

Result<Json> Door::post_json(const std::string& target, const Json& body) {
    return parse_json(TRY(post(target, canonical(body))));
}

}  // namespace flywheel::app
