// SPDX-License-Identifier: Apache-2.0
#include "app/demo/report.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include <fmt/format.h>

#include "app/screen.h"
#include "base/json_value.h"
#include "records/label_event.h"
#include "stats/interval.h"
#include "tasks/text/payload.h"

namespace flywheel::app {

namespace {

/// Periods that share a name, as one row of the table.
struct Group {
    std::string name;
    Score served;
    TimeRange window;
    std::int64_t questions = 0;
    double evidence = 0;
    bool incident = false;
    std::int64_t promoted = 0;
    std::int64_t kept = 0;
    std::int64_t unchanged = 0;
    bool corrected = false;
};

Result<void> add_turn(Group& group, const Turn& turn) {
    const Json summary = TRY(parse_json(turn.summary.text));
    group.questions += summary.value("questions", std::int64_t{0});
    const Json drift = summary.value("drift", Json::object());
    group.evidence = std::max(group.evidence, drift.value("evidence_days", 0.0));
    group.incident = group.incident || drift.value("incident_open", false);
    group.promoted += turn.verdict == "promoted" ? 1 : 0;
    group.kept += turn.verdict == "kept" ? 1 : 0;
    group.unchanged += turn.verdict == "no change" ? 1 : 0;
    group.corrected = summary.value("correction", Json::object()).value("enabled", false);
    group.window.end = turn.window_end;
    return {};
}

Result<std::vector<Group>> groups_of(
    const Cut& cut, const std::vector<PeriodResult>& periods, std::size_t rows_max
) {
    std::vector<Group> groups;
    const std::size_t join = std::max<std::size_t>(1, (periods.size() + rows_max - 1) / rows_max);
    std::size_t in_group = 0;
    for (std::size_t i = 0; i < periods.size(); ++i) {
        const bool same = !groups.empty() && groups.back().name == cut.periods[i].name;
        const bool numbered = cut.periods[i].name.starts_with("to row");
        if (groups.empty() || (numbered ? in_group == join : !same)) {
            groups.push_back(
                {cut.periods[i].name, periods[i].served, {periods[i].turn.window_begin, {}}}
            );
            in_group = 1;
        } else {
            groups.back().served.add(periods[i].served);
            groups.back().name = cut.periods[i].name;
            ++in_group;
        }
        TRY(add_turn(groups.back(), periods[i].turn));
    }
    return groups;
}

std::string verdict_of(const Group& group) {
    std::string text;
    const auto say = [&](std::int64_t count, std::string_view what) {
        if (count > 0) {
            text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, what);
        }
    };
    say(group.promoted, "promoted");
    say(group.kept, "kept");
    say(group.unchanged, "unchanged");
    return text + (group.corrected ? ", class mix corrected" : "");
}

std::string drift_of(const Group& group) {
    return group.incident ? fmt::format("open, S = {:.2g} d", group.evidence)
                          : fmt::format("quiet, S = {:.2g} d", group.evidence);
}

stats::Interval interval_of(const Line& line) {
    return stats::wilson(
        {static_cast<double>(line.served.right()), static_cast<double>(line.served.rows())}
    );
}

Json line_json(const Line& line) {
    const auto interval = interval_of(line);
    return {
        {"rows", line.served.rows()},
        {"accuracy", line.served.accuracy()},
        {"accuracy_interval", {interval.lower, interval.upper}},
        {"balanced_recall", line.served.balanced_recall()},
        {"accuracy_uncorrected", line.plain.accuracy()},
        {"balanced_recall_uncorrected", line.plain.balanced_recall()},
        {"labels", line.labels},
        {"retrains", line.retrains}
    };
}

}  // namespace

Line line_of(const std::vector<PeriodResult>& periods, std::size_t classes) {
    Line line(classes);
    for (const auto& period : periods) {
        line.served.add(period.served);
        line.plain.add(period.plain);
        line.periods.push_back(period.served);
        const auto summary = parse_json(period.turn.summary.text).value_or(Json::object());
        line.labels += summary.value("questions", std::int64_t{0});
        line.retrains += period.turn.verdict == "promoted" || period.turn.verdict == "kept" ? 1 : 0;
    }
    return line;
}

Result<std::string> table_text(
    const Outcome& outcome, Project& project, std::size_t width, bool colours
) {
    constexpr std::size_t kRowsMax = 24;
    Table table;
    table.add_column("quarter");
    table.add_column("served", Align::Right);
    table.add_column("labels", Align::Right);
    table.add_column("audited accuracy (95 %, n)", Align::Right);
    table.add_column("true", Align::Right);
    table.add_column("balanced", Align::Right);
    table.add_column("drift");
    table.add_column("verdict");
    for (const auto& group : TRY(groups_of(outcome.cut, outcome.periods, kRowsMax))) {
        const auto audited =
            TRY(project.monitoring().audited_accuracy(project.settings().model, group.window));
        table.add_row(
            {group.name,
             grouped(group.served.rows()),
             grouped(group.questions),
             audited.n == 0 ? std::string("-")
                            : fmt::format(
                                  "{:.2f} ({:.2f}-{:.2f}, {})",
                                  audited.accuracy,
                                  audited.lower,
                                  audited.upper,
                                  audited.n
                              ),
             share_text(group.served.accuracy(), group.served.rows()),
             share_text(group.served.balanced_recall(), group.served.rows()),
             Cell(drift_of(group), group.incident ? Colour::Yellow : Colour::Dim),
             verdict_of(group)}
        );
    }
    return table.to_text(width, Painter(colours));
}

Result<People> people_of(const Outcome& outcome, Project& project) {
    std::unordered_map<Digest, std::int64_t, DigestHash> truth;
    for (const auto& row : outcome.stream.rows) {
        truth.emplace(text::item_of(row.text), row.label);
    }
    People people;
    TRY(Reader<LabelEvent>(project.ledger())
            .each(
                Where<LabelEvent>()
                    .eq(&LabelEvent::actor_kind, ActorKind::Human)
                    .eq(&LabelEvent::action, LabelAction::Answer),
                [&](const LabelEvent& event) -> Result<void> {
                    const auto known = truth.find(event.item);
                    if (known != truth.end() && event.choice) {
                        people.answers += 1;
                        people.differing += *event.choice == known->second ? 0 : 1;
                    }
                    return {};
                }
            ));
    return people;
}

std::string people_text(const People& people) {
    if (people.answers == 0) {
        return "";
    }
    const auto interval =
        stats::wilson({static_cast<double>(people.differing), static_cast<double>(people.answers)});
    return fmt::format(
        "Audited accuracy compares with what people answered, and {:.1f} % of their answers "
        "({:.1f}-{:.1f}, n {}) differ from the recorded truth.\n",
        100 * static_cast<double>(people.differing) / static_cast<double>(people.answers),
        100 * interval.lower,
        100 * interval.upper,
        grouped(people.answers)
    );
}

std::string summary_text(const Summary& summary, bool colours) {
    Table table;
    table.add_column("");
    table.add_column("served accuracy (95 %)", Align::Right);
    table.add_column("balanced recall", Align::Right);
    table.add_column("labels", Align::Right);
    table.add_column("retrained", Align::Right);
    const auto add = [&](const char* name, const Line& line, Colour colour) {
        const auto interval = interval_of(line);
        table.add_row(
            {Cell(name, colour),
             Cell(
                 fmt::format(
                     "{:.3f} ({:.3f}-{:.3f})",
                     line.served.accuracy(),
                     interval.lower,
                     interval.upper
                 ),
                 colour
             ),
             share_text(line.served.balanced_recall(), line.served.rows()),
             grouped(line.labels),
             grouped(line.retrains)}
        );
    };
    add("never retrained", summary.never, Colour::Plain);
    add("never retrained, class mix corrected", summary.shift, Colour::Plain);
    add("the loop", summary.loop, Colour::Bold);
    add("all labels, every period", summary.all, Colour::Plain);
    return table.to_text(100, Painter(colours));
}

Result<std::string> json_text(
    const DemoOptions& options, const Outcome& outcome, Project& project
) {
    const Stream& stream = outcome.stream;
    const Summary& summary = outcome.summary;
    Json turns = Json::array();
    const Reader<Decision> decisions(project.ledger());
    for (const auto& period : outcome.periods) {
        Json turn = TRY(parse_json(to_json_text(period.turn)));
        turn["true_accuracy"] = period.served.accuracy();
        turn["balanced_recall"] = period.served.balanced_recall();
        turn["decisions"] = Json::array();
        TRY(decisions.each(
            Where<Decision>().eq(&Decision::turn, std::optional<Id<Turn>>(period.turn.id)),
            [&](const Decision& decision) -> Result<void> {
                turn["decisions"].push_back(TRY(parse_json(to_json_text(decision))));
                return {};
            }
        ));
        turns.push_back(std::move(turn));
    }
    const People people = TRY(people_of(outcome, project));
    const Json whole = {
        {"stream",
         {{"name", stream.name},
          {"rows", stream.rows.size()},
          {"rejected", stream.read.rejected},
          {"out_of_order", stream.out_of_order},
          {"generated", stream.generated_seed >= 0}}},
        {"options",
         {{"budget", options.budget},
          {"seed", options.seed},
          {"every", options.every},
          {"feedback", options.feedback}}},
        {"turns", turns},
        {"summary",
         {{"never", line_json(summary.never)},
          {"shift", line_json(summary.shift)},
          {"loop", line_json(summary.loop)},
          {"all", line_json(summary.all)},
          {"people", {{"answers", people.answers}, {"differing", people.differing}}}}}
    };
    return pretty(whole) + "\n";
}

}  // namespace flywheel::app
