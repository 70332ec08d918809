// SPDX-License-Identifier: Apache-2.0
// erase: a person's rows go.
#include <fmt/format.h>

#include "app/commands_parts.h"
#include "app/project.h"
#include "app/screen.h"
#include "base/json_value.h"
#include "records/example.h"

namespace flywheel::app {

namespace {

/// Examples that still hold a payload of the rows that went.
Result<std::int64_t> copies_left(
    const Project& project, const EraseReport& report, Ledger& ledger
) {
    std::int64_t copies = 0;
    const Reader<Example> examples(ledger);
    for (const Digest& payload : report.payloads) {
        const auto where = Where<Example>()
                               .eq(&Example::id, payload)
                               .eq(&Example::model, project.settings().model);
        const auto example = TRY(examples.first(where));
        copies += example && !example->payload.empty() ? 1 : 0;
    }
    return copies;
}

}  // namespace

Result<void> run_erase(const CommandScope& scope, const std::string& subject) {
    if (subject.empty()) {
        return invalid_argument("Say whose rows shall go: --subject ID, as the requests named it");
    }
    static const SystemClock kClock;
    const auto project = TRY(Project::open(scope.dir, kClock, {}));
    const EraseReport report = TRY(project->capture().erase(subject));
    trail::Act act{.who = user_name(), .name = "erase"};  // whose rows is not said again
    act.detail = canonical({{"rows", report.rows}, {"segments", report.segments}});
    TRY(project->audit().record(std::move(act)));
    const std::int64_t copies = TRY(copies_left(*project, report, project->ledger()));
    if (scope.json) {
        print_json(
            {{"rows", report.rows},
             {"feedback", report.feedback},
             {"segments_rewritten", report.segments},
             {"payloads", report.payloads.size()},
             {"examples_with_a_copy", copies}}
        );
        return {};
    }
    print_out(fmt::format(
        "rows       {} erased, with {} lines of feedback about them\n"
        "columns    {} segments written anew; the journal holds none of them\n"
        "stays      that this subject was erased (as a keyed hash), so that a backup put back is "
        "erased again\n",
        grouped(static_cast<std::int64_t>(report.rows)),
        grouped(static_cast<std::int64_t>(report.feedback)),
        grouped(static_cast<std::int64_t>(report.segments))
    ));
    if (copies > 0) {
        print_out(fmt::format(
            "stays      {} examples with a copy of a payload, and dataset versions made of them: "
            "models were trained on these\n",
            grouped(copies)
        ));
    }
    return {};
}

}  // namespace flywheel::app
