// SPDX-License-Identifier: Apache-2.0
// status: what is served, is it still good, has the world moved, what to do next.
#include <fmt/format.h>
#include <unistd.h>

#include "app/commands_parts.h"
#include "app/screen.h"
#include "base/json_value.h"
#include "base/text.h"

namespace flywheel::app {

namespace {

constexpr std::size_t kNameWidth = 11;
constexpr std::size_t kWidest = 110;

std::string day(const Json& time) {
    return time.is_string() ? time.get<std::string>().substr(0, 10) : "-";
}

std::string text_of(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::int64_t count_of(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_number() ? found->get<std::int64_t>() : 0;
}

std::string interval(const Json& audited) {
    const auto n = count_of(audited, "n");
    return fmt::format(
        "{} to {}, n {}",
        share_text(audited.value("lower", 0.0), n),
        share_text(audited.value("upper", 1.0), n),
        grouped(n)
    );
}

std::string times(std::int64_t count, std::string_view noun) {
    return fmt::format("{} {}{}", grouped(count), noun, count == 1 ? "" : "s");
}

Cell served_line(const Json& status) {
    const Json& served = status.at("served");
    const auto version = count_of(served, "version");
    if (version == 0) {
        const std::string problem = text_of(served, "problem");
        return {
            problem.empty() ? "nothing yet" : problem,
            problem.empty() ? Colour::Yellow : Colour::Red
        };
    }
    std::string text = fmt::format(
        "version {} since {}, moved by {}",
        version,
        day(served.at("since")),
        text_of(served, "moved_by")
    );
    text += served.value("corrected", false) ? "; label-shift correction is on" : "";
    if (const std::string problem = text_of(served, "problem"); !problem.empty()) {
        return {text + "; the newest could not be loaded: " + problem, Colour::Red};
    }
    return {text, Colour::Green};
}

/// What the first version would have answered is news once another one serves.
bool says_other(const Json& status, const Json& never) {
    return never.is_object() &&
           count_of(never, "version") != count_of(status.at("served"), "version");
}

Cell good_line(const Json& status) {
    const Json& audited = status.at("audited");
    if (!audited.is_object()) {
        return {"not known yet: no audited row has been answered", Colour::Yellow};
    }
    const auto missing = count_of(audited, "missing");
    const auto n = count_of(audited, "n");
    std::string text = fmt::format(
        "{} of audited answers right (95 % interval {}; rows of {} to {})",
        share_text(audited.value("accuracy", 0.0), n),
        interval(audited),
        day(audited.at("window_begin")),
        day(audited.at("window_end"))
    );
    if (const Json never = audited.value("never_retrained", Json()); says_other(status, never)) {
        text += fmt::format(
            "; version {}, never retrained, on the same rows: {} ({})",
            count_of(never, "version"),
            share_text(never.value("accuracy", 0.0), n),
            interval(never)
        );
    }
    if (missing * 20 > n + missing) {
        text += fmt::format("; {} unanswered, so read it with care", times(missing, "audit"));
    }
    return text;
}

/// The newest open Incident of drift, or of how people label; null when there is none.
Json open_incident(const Json& status, bool drift) {
    for (const Json& incident : status.at("incidents")) {
        if (incident.value("drift", true) == drift) {
            return incident;
        }
    }
    return nullptr;
}

Cell world_line(const Json& status) {
    const Json first = open_incident(status, true);
    if (first.is_null()) {
        const bool serves = count_of(status.at("served"), "version") > 0;
        return serves ? Cell("no drift proved", Colour::Green) : Cell("nothing was served yet");
    }
    return {
        fmt::format("has moved, since {}: {}", day(first.at("opened")), text_of(first, "sentence")),
        Colour::Yellow
    };
}

Cell questions_line(const Json& status) {
    const Json& labels = status.at("labels");
    std::string text = fmt::format(
        "{} open; {} of {} answered, {} skipped",
        grouped(count_of(labels, "open")),
        grouped(count_of(labels, "answered")),
        grouped(count_of(labels, "tasks")),
        grouped(count_of(labels, "skipped"))
    );
    if (const auto contested = count_of(labels, "contested"); contested > 0) {
        text += fmt::format("; people differ on {}: decide on the page", times(contested, "text"));
    }
    if (const Json alarm = open_incident(status, false); !alarm.is_null()) {
        return {fmt::format("{}. {}", text, text_of(alarm, "sentence")), Colour::Yellow};
    }
    return text;
}

Cell turn_line(const Json& status) {
    const Json& turn = status.at("turn");
    if (turn.is_object()) {
        const bool waits = text_of(turn, "state") == "waiting";
        return fmt::format(
            "turn {} {} ({})",
            count_of(turn, "number"),
            waits ? "waits for people" : "is at step '" + text_of(turn, "step") + "'",
            text_of(turn, "trigger")
        );
    }
    const Json& due = status.at("due");
    if (due.value("now", false)) {
        return {"due now: " + text_of(due, "reason"), Colour::Yellow};
    }
    return due.at("at").is_string() ? "the next one is due " + day(due.at("at")) : "none yet";
}

std::string next_line(const Json& status, const std::string& source) {
    const bool here = source.starts_with("the files");
    const Json& served = status.at("served");
    const auto open = count_of(status.at("labels"), "open");
    if (!text_of(served, "problem").empty()) {
        return "Look at the problem above; `flywheel model rollback` serves what was served "
               "before.";
    }
    if (open > 0) {
        return fmt::format(
            "Answer the {}: GET /v1/models/{}/tasks?actor=YOU; the turn then goes on.",
            times(open, "open question"),
            text_of(status, "model")
        );
    }
    if (status.at("turn").is_object()) {
        return here ? "Let the turn go on: flywheel turn" : "Nothing; the loop is at work.";
    }
    if (status.at("due").value("now", false)) {
        return here ? "Let the wheel turn: flywheel turn (or flywheel serve, which does it itself)"
                    : "Nothing; the loop opens the turn by itself.";
    }
    if (count_of(served, "known_versions") == 0) {
        return "Import labelled rows: flywheel import FILE";
    }
    return here ? "Serve it: flywheel serve" : "Nothing.";
}

/// "Served    version 12 ..." with the lines that follow indented.
void add_entry(
    std::vector<Cell>& lines, std::string_view name, const Cell& value, std::size_t width
) {
    std::string front = fit_width(name, kNameWidth);
    for (const std::string& part : wrap(printable(value.text), width - kNameWidth)) {
        lines.emplace_back(front + part, value.colour);
        front = std::string(kNameWidth, ' ');
    }
}

std::string verdict_of(const Json& turn) {
    const std::string error = text_of(turn, "error");
    const std::string verdict = text_of(turn, "verdict");
    const std::string said = verdict.empty() ? text_of(turn, "state") : verdict;
    return error.empty() ? said : said + ": " + error;
}

std::string turns_table(const Json& turns, std::size_t width, const Painter& painter) {
    Table table;
    table.add_column("turn", Align::Right);
    table.add_column("until");
    table.add_column("why");
    table.add_column("served", Align::Right);
    table.add_column("asked", Align::Right);
    table.add_column("audited", Align::Right);
    table.add_column("interval, n");
    table.add_column("drift");
    table.add_column("version", Align::Right);
    table.add_column("verdict");
    for (const Json& turn : turns) {
        const Json& audited = turn.at("audited");
        const auto n = audited.is_object() ? count_of(audited, "n") : 0;
        const std::string verdict = verdict_of(turn);
        table.add_row(
            {std::to_string(count_of(turn, "number")),
             day(turn.at("window_end")),
             text_of(turn, "trigger"),
             grouped(count_of(turn, "served")),
             grouped(count_of(turn, "questions")),
             n > 0 ? share_text(audited.value("accuracy", 0.0), n) : "-",
             n > 0 ? interval(audited) : "-",
             turn.value("drift", false) ? Cell("moved", Colour::Yellow) : Cell("-"),
             std::to_string(count_of(turn, "version")),
             Cell(verdict, verdict.starts_with("failed") ? Colour::Red : Colour::Plain)}
        );
    }
    return table.to_text(width, painter);
}

}  // namespace

std::string status_screen(
    const Json& status, const std::string& source, std::size_t width, bool colours
) {
    const Painter painter(colours);
    const std::size_t wide = std::clamp<std::size_t>(width, 40, kWidest);
    std::vector<Cell> lines;
    add_entry(lines, "Served", served_line(status), wide - 4);
    add_entry(lines, "Good?", good_line(status), wide - 4);
    add_entry(lines, "World", world_line(status), wide - 4);
    add_entry(lines, "Questions", questions_line(status), wide - 4);
    add_entry(lines, "Turn", turn_line(status), wide - 4);
    add_entry(lines, "Next", {next_line(status, source), Colour::Bold}, wide - 4);
    std::string screen = box(text_of(status, "model"), lines, wide, painter);
    if (!status.at("turns").empty()) {
        screen += "\n" + turns_table(status.at("turns"), std::max(width, wide), painter);
    }
    return screen + "\n" +
           painter.paint(
               Colour::Dim,
               fmt::format("As of {} from {}.", text_of(status, "time").substr(0, 19) + "Z", source)
           ) +
           "\n";
}

Result<void> run_status(const CommandScope& scope) {
    const auto door = TRY(open_door(scope));
    Json status = TRY(door->get_json("/v1/status"));
    if (scope.json) {
        status["source"] = door->source();
        print_json(status);
        return {};
    }
    print_out(status_screen(
        status, door->source(), terminal_width(STDOUT_FILENO), wants_colour(STDOUT_FILENO)
    ));
    return {};
}

}  // namespace flywheel::app
