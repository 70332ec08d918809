// SPDX-License-Identifier: Apache-2.0
// doctor: what a server needs, looked at one by one, each with what to do.
#include <algorithm>

#include <fmt/format.h>
#include <unistd.h>

#include "app/commands_parts.h"
#include "app/operations/findings.h"
#include "app/screen.h"
#include "app/version.h"
#include "base/json_value.h"

namespace flywheel::app {

namespace {

/// One question, and the finding that its answer or its failure is.
template <class Look>
void look_behind(
    Door& door,
    const std::string& part,
    const std::string& target,
    std::vector<Finding>& findings,
    Look look
) {
    const auto told = door.get_json(target);
    findings.push_back(
        told ? look(*told) : Finding{part, Health::Bad, told.error().message, "see the message"}
    );
}

std::string version_of_server(Door& door) {
    if (door.project() != nullptr) {
        return {};
    }
    const auto told = door.get_json("/v2");
    return told ? told->value("version", "") : std::string();
}

void look_at_capture(const Json& status, std::vector<Finding>& findings) {
    const Json captured = status.value("captured", Json());
    const std::string failure =
        captured.is_object() ? captured.value("failure", "") : std::string();
    if (!failure.empty()) {
        findings.push_back({"capture", Health::Bad, failure, "rows are dropped until then"});
    }
}

/// Everything that needs the project open, in this process or through its server.
void look_inside(
    const CommandScope& scope, const Settings& settings, std::vector<Finding>& findings
) {
    const auto opened = open_door(scope);
    if (!opened) {
        findings.push_back({"program", Health::Good, "flywheel " + std::string(kVersion)});
        findings.push_back({"project", Health::Bad, opened.error().message, "see the message"});
        return;
    }
    Door& door = **opened;
    findings.push_back(look_at_versions(version_of_server(door)));
    findings.push_back({"project", Health::Good, "opened from " + door.source()});
    findings.push_back(
        door.project() == nullptr ? Finding{"port", Health::Good, door.source() + " answers"}
                                  : look_at_port(settings.address, settings.port)
    );
    look_behind(door, "keys", "/v1/keys", findings, [&](const Json& told) {
        return look_at_keys(settings, told.at("keys"), SystemClock().now());
    });
    look_behind(door, "audit", "/v1/audit/chain", findings, look_at_audit);
    look_behind(door, "model", "/v1/status", findings, [&](const Json& told) {
        look_at_capture(told, findings);
        return look_at_model(told);
    });
    look_behind(door, "workers", "/v1/status", findings, [&](const Json& told) {
        return look_at_workers(
            {settings.engines.folder,
             scope.program.parent_path(),
             std::filesystem::path(environment("FLYWHEEL_WORKERS"))},
            told.value("engines", std::vector<std::string>())
        );
    });
}

Json findings_json(const std::vector<Finding>& findings) {
    Json list = Json::array();
    for (const Finding& one : findings) {
        list.push_back(
            {{"part", one.part},
             {"health", name_of(one.health)},
             {"seen", one.seen},
             {"advice", one.advice}}
        );
    }
    return {{"version", kVersion}, {"findings", list}};
}

void print_findings(const std::vector<Finding>& findings) {
    Table table;
    for (const char* title : {"part", "", "seen", "what to do"}) {
        table.add_column(title);
    }
    for (const Finding& one : findings) {
        const Colour colour = one.health == Health::Good
                                  ? Colour::Green
                                  : (one.health == Health::Bad ? Colour::Red : Colour::Yellow);
        table.add_row({one.part, {std::string(name_of(one.health)), colour}, one.seen, one.advice});
    }
    print_out(
        table.to_text(terminal_width(STDOUT_FILENO, 140), Painter(wants_colour(STDOUT_FILENO)))
    );
}

}  // namespace

Result<void> run_doctor(const CommandScope& scope) {
    std::vector<Finding> findings = {
        look_at_directory(scope.dir),
        look_at_disk(scope.dir),
        look_at_clock(scope.dir),
        look_at_open_files()
    };
    if (const auto settings = read_settings(scope.dir / "flywheel.toml")) {
        findings.push_back({"settings", Health::Good, "flywheel.toml is read"});
        findings.push_back(look_at_tls(scope.dir, *settings, SystemClock().now()));
        findings.push_back(look_at_logs(scope.dir, *settings));
        look_inside(scope, *settings, findings);
        findings.push_back(look_at_journal(scope.dir));
    } else {
        findings.push_back(
            {"settings", Health::Bad, settings.error().message, "mend it, or `flywheel init DIR`"}
        );
    }
    if (scope.json) {
        print_json(findings_json(findings));
    } else {
        print_findings(findings);
    }
    const auto bad = std::count_if(findings.begin(), findings.end(), [](const Finding& one) {
        return one.health == Health::Bad;
    });
    return bad == 0
               ? Result<void>()
               : Result<void>(make_error(
                     Code::Unavailable, fmt::format("{} of {} checks failed", bad, findings.size())
                 ));
}

}  // namespace flywheel::app
