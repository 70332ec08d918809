#pragma once
// SPDX-License-Identifier: Apache-2.0
// Door: how a command asks a project something: through the routes of /v1, in this process when
// nobody has the directory, over HTTP when its server runs. So a command is written once. Made by
// commands, one thread.

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "app/project.h"
#include "app/server.h"
#include "base/json.h"
#include "base/result.h"
#include "gateway/gateway.h"

namespace flywheel::app {

class Door {
  public:
    /// Opens DIR, or finds the server that has it. Unavailable when another process has it that
    /// answers no HTTP.
    static Result<std::unique_ptr<Door>> open(
        const std::filesystem::path& dir, const Clock& clock, OpenOptions options = {}
    );
    /// For open() only.
    explicit Door(std::unique_ptr<Project> project);
    Door(RunningServer server, std::string model);
    ~Door();
    Door(const Door&) = delete;
    Door& operator=(const Door&) = delete;

    /// The body of the answer; an answer of 400 or more is an Error with its message and code.
    Result<std::string> get(const std::string& target);
    Result<std::string> post(const std::string& target, const std::string& body);
    /// The same as JSON.
    Result<Json> get_json(const std::string& target);
    Result<Json> post_json(const std::string& target, const Json& body);

    /// Null when a server answers.
    [[nodiscard]] Project* project() { return project_.get(); }

    [[nodiscard]] const std::string& model() const { return model_; }

    /// "the files in DIR" or "the server at http://...": what the answers come from.
    [[nodiscard]] const std::string& source() const { return source_; }

  private:
    Result<std::string> ask(
        http::Method method, const std::string& target, const std::string& body
    );
    Result<std::string> ask_here(
        http::Method method, const std::string& target, const std::string& body
    );

    std::string model_;
    std::string source_;
    RunningServer server_;
    std::unique_ptr<Project> project_;
    std::unique_ptr<gateway::Gateway> gateway_;
};

/// One HTTP/1.1 exchange with `server`, on a connection of its own. Unavailable when nobody
/// answers; errors of the server come back with their code.
Result<std::string> ask_server(
    const RunningServer& server,
    http::Method method,
    const std::string& target,
    const std::string& body
);

/// The Code whose HTTP status this is; Internal for others.
[[nodiscard]] Code code_of_status(int status);

}  // namespace flywheel::app
