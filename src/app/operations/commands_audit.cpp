// SPDX-License-Identifier: Apache-2.0
// audit: who did what to the project, and what was refused at the door.
#include <fmt/format.h>
#include <unistd.h>

#include "app/commands_parts.h"
#include "app/screen.h"
#include "base/json_value.h"

namespace flywheel::app {

namespace {

/// "" = nobody who is known.
std::string named(const Json& event, const char* field) {
    const std::string text = event.value(field, "");
    return text.empty() ? "-" : text;
}

std::string outcome_of(const Json& event) {
    const auto count = event.value("count", std::int64_t{1});
    const auto outcome = std::to_string(event.value("outcome", std::int64_t{0}));
    return count == 1 ? outcome : fmt::format("{} x {}", outcome, grouped(count));
}

Result<void> verify(Door& door, bool json) {
    const Json told = TRY(door.get_json("/v1/audit/chain"));
    if (json) {
        print_json(told);
    }
    if (!told.value("intact", false)) {
        return corrupt(told.value("reason", ""));
    }
    if (!json) {
        print_out(fmt::format(
            "{} events, each as it was written\n", grouped(told.value("events", std::int64_t{0}))
        ));
    }
    return {};
}

}  // namespace

Result<void> run_audit(const CommandScope& scope, const AuditOptions& options) {
    const auto door = TRY(open_door(scope));
    if (options.verify) {
        return verify(*door, scope.json);
    }
    const Json listed = TRY(door->get_json(fmt::format("/v1/audit?limit={}", options.limit)));
    if (scope.json) {
        print_json(listed);
        return {};
    }
    if (listed.at("events").empty()) {
        print_out("Nothing yet.\n");
        return {};
    }
    Table table;
    for (const char* title : {"time", "who", "from", "act", "outcome", "what"}) {
        table.add_column(title);
    }
    for (const Json& event : listed.at("events")) {
        const std::string detail = event.value("detail", "");
        table.add_row(
            {event.value("time", "").substr(0, 19),
             named(event, "who"),
             named(event, "source"),
             event.value("act", ""),
             outcome_of(event),
             detail.empty() ? event.value("about", "") : event.value("about", "") + " " + detail}
        );
    }
    print_out(
        table.to_text(terminal_width(STDOUT_FILENO, 140), Painter(wants_colour(STDOUT_FILENO)))
    );
    return {};
}

}  // namespace flywheel::app
