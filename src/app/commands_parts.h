#pragma once
// SPDX-License-Identifier: Apache-2.0
// The commands themselves, each with what it was asked for. Private to commands*.cpp; one command a
// process, on the main thread. Answers go to stdout, everything else to stderr.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/door.h"
#include "app/project.h"
#include "base/json.h"
#include "base/result.h"
#include "ports/sources/source.h"

namespace flywheel::app {

/// What every command of a project takes.
struct CommandScope {
    std::filesystem::path dir = ".";
    bool json = false;              ///< Print JSON instead of a screen.
    std::filesystem::path program;  ///< This executable, for jobs.
};

struct InitOptions {
    std::string model = "default";
    std::vector<std::string> labels;
    bool several = false;  ///< A row may have any number of them.
};

struct ServeOptions {
    std::optional<std::string> address;  ///< Nothing = as the settings say.
    std::optional<std::uint16_t> port;
    std::optional<int> threads;
    bool no_turns = false;     ///< The loop opens no Turn by itself.
    double drain_seconds = 5;  ///< After SIGTERM: not ready, but still answering.
};

struct MoveOptions {
    std::string model;  ///< "" = the project's own.
    std::int64_t version = 0;
    bool canary = false;  ///< For `share` of the traffic.
    bool shadow = false;  ///< On copies of `share` of the traffic.
    double share = 0;     ///< 0 = not said.
    bool signature_change = false;
    std::string who;  ///< "" = the user's name.
    std::string reason;
};

struct ImportModelOptions {
    std::filesystem::path file;
    std::string name;
    std::filesystem::path labels;  ///< One name a line; "" = none.
    std::string batches = "auto";
    std::string precision = "fp32";
    std::string licence;
    std::string who;          ///< "" = the user's name.
    bool no_release = false;  ///< The first version is not served at once.
};

struct KeyOptions {
    std::string name;
    std::vector<std::string> roles;
    double rate = 0;      ///< Requests a second; 0 = no limit.
    double burst = 0;     ///< 0 = as the rate.
    std::string expires;  ///< RFC 3339 or a date; "" = never.
};

struct AuditOptions {
    std::int64_t limit = 50;  ///< Newest events.
    bool verify = false;      ///< Only: is the trail as it was written?
};

struct JobOptions {
    std::string kind;
    std::filesystem::path spec;
    std::filesystem::path out;
};

Result<void> run_init(const CommandScope& scope, const InitOptions& options);
Result<void> run_import(
    const CommandScope& scope,
    const std::filesystem::path& file,
    const ColumnNames& columns,
    const ImportWish& wish
);
Result<void> run_serve(const CommandScope& scope, const ServeOptions& options);
Result<void> run_status(const CommandScope& scope);
Result<void> run_turn(const CommandScope& scope);
Result<void> run_model_list(const CommandScope& scope, const MoveOptions& options);
Result<void> run_promote(const CommandScope& scope, const MoveOptions& options);
Result<void> run_rollback(const CommandScope& scope, const MoveOptions& options);
/// Makes a version of a user's own model file, and serves the first one of its name.
Result<void> run_model_import(const CommandScope& scope, const ImportModelOptions& options);
/// `verb`: "share", "finish" or "cancel" of the live Rollout.
Result<void> run_steer(
    const CommandScope& scope, const std::string& verb, const MoveOptions& options
);
Result<void> run_card(const CommandScope& scope, const MoveOptions& options);
/// CSV to `out`, or to stdout when it is empty.
Result<void> run_label_export(const CommandScope& scope, const std::filesystem::path& out);
Result<void> run_dataset_log(const CommandScope& scope);
/// Versions by digest or by its unique beginning.
Result<void> run_dataset_diff(
    const CommandScope& scope, const std::string& before, const std::string& after
);
/// Prints the new key, once.
Result<void> run_key_add(const CommandScope& scope, const KeyOptions& options);
Result<void> run_key_list(const CommandScope& scope);
Result<void> run_key_revoke(const CommandScope& scope, const KeyOptions& options);
Result<void> run_audit(const CommandScope& scope, const AuditOptions& options);
/// Looks at everything a server needs and says what to do; Unavailable when something is wrong.
Result<void> run_doctor(const CommandScope& scope);
Result<void> run_job(const JobOptions& options);

/// The screen of `status`, from the body of /v1/status.
[[nodiscard]] std::string status_screen(
    const Json& status, const std::string& source, std::size_t width, bool colours
);

/// Who runs the command, by the environment.
[[nodiscard]] std::string user_name();
/// To stdout; the text ends its last line itself.
void print_out(const std::string& text);
/// `value` for --json: pretty, with a line end.
void print_json(const Json& value);
/// One line to stderr: "flywheel: <text>".
void say(const std::string& text);

/// A project's door whose jobs are subprocesses of this program.
Result<std::unique_ptr<Door>> open_door(const CommandScope& scope, loop::Listeners listeners = {});

}  // namespace flywheel::app
