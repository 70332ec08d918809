// SPDX-License-Identifier: Apache-2.0
// turn: opens a Turn unless one is open, and follows it until it waits for people or ends.
#include <thread>

#include <fmt/format.h>

#include "app/commands_parts.h"
#include "app/screen.h"
#include "base/json_value.h"

namespace flywheel::app {

namespace {

constexpr auto kLookEvery = std::chrono::milliseconds(200);

/// The open Turn's id, opened now if there was none.
Result<std::string> open_or_find(Door& door, bool quiet) {
    const Json status = TRY(door.get_json("/v1/status"));
    const Json& open = status.at("turn");
    if (open.is_object()) {
        if (!quiet) {
            say(fmt::format("turn {} is open already; going on with it", open.at("number").dump()));
        }
        return string_field(open, "id");
    }
    const Json turn =
        TRY(door.post_json("/v1/turns", {{"model", door.model()}, {"trigger", "person"}}));
    return string_field(turn, "id");
}

/// Says each step once, when its job says that it works.
loop::Listeners step_listeners(bool quiet) {
    loop::Listeners listeners;
    if (!quiet) {
        listeners.progress = [last = std::string()](
                                 const std::string& step, const std::string& /*line*/
                             ) mutable {
            if (step != last) {
                last = step;
                say(step + " …");
            }
        };
    }
    return listeners;
}

/// Until the server's loop has nothing to do with it but wait.
Result<Json> follow(Door& door, const std::string& id, bool quiet) {
    std::string last;
    for (;;) {
        Json turn = TRY(door.get_json("/v1/turns/" + id));
        const std::string state = TRY(string_field(turn, "state"));
        const std::string step = TRY(string_field(turn, "step"));
        if (state != "open") {
            return turn;
        }
        if (step != last && !quiet) {
            say(step + " …");
        }
        last = step;
        std::this_thread::sleep_for(kLookEvery);
    }
}

void show(const Json& turn, const std::string& model) {
    const std::string state = turn.value("state", "");
    const std::string number = turn.at("number").dump();
    if (state == "waiting") {
        print_out(fmt::format(
            "turn {} waits for people: GET /v1/models/{}/tasks?actor=YOU\n", number, model
        ));
        return;
    }
    print_out(fmt::format("turn {} {}: {}\n", number, state, turn.value("verdict", "")));
    for (const Json& decision : turn.at("decisions")) {
        print_out(
            fmt::format("  {:<11} {}\n", decision.value("kind", ""), decision.value("verdict", ""))
        );
    }
}

}  // namespace

Result<void> run_turn(const CommandScope& scope) {
    const auto door = TRY(open_door(scope, step_listeners(scope.json)));
    const std::string id = TRY(open_or_find(*door, scope.json));
    if (Project* project = door->project()) {
        TRY(project->conductor().advance());
    } else {
        TRY(follow(*door, id, scope.json));
    }
    const Json turn = TRY(door->get_json("/v1/turns/" + id));
    if (scope.json) {
        print_json(turn);
    } else {
        show(turn, door->model());
    }
    if (turn.value("state", "") == "failed") {
        return internal_error("The turn failed: " + turn.value("error", ""));
    }
    return {};
}

}  // namespace flywheel::app
