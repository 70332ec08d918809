// SPDX-License-Identifier: Apache-2.0
#include "app/rollouts/move_commands.h"

#include <CLI/CLI.hpp>

namespace flywheel::app {

namespace {

/// `example` stands at the end of its --help.
CLI::App* add_command(
    CLI::App& model, const std::string& name, const std::string& what, const std::string& example
) {
    CLI::App* command = model.add_subcommand(name, what);
    command->footer("Example:\n  " + example);
    return command;
}

/// What every command about a model's Rollout takes.
void add_move_options(CLI::App* command, const MovePlaces& wanted) {
    command->add_option("--model", wanted.move.model, "The model (default: the project's own)");
    command->add_option("--who", wanted.move.who, "Who does it (default: the user)");
    command->add_option("--dir", wanted.scope.dir, "The project's directory (default: .)");
    command->add_flag("--json", wanted.scope.json, "Print JSON, for scripts");
}

void add_promote(CLI::App& model, const MovePlaces& wanted) {
    CLI::App* promote = add_command(
        model,
        "promote",
        "Serve this version from now on, or to a share of the traffic",
        "flywheel model promote 3 --canary --share 0.05 --dir news"
    );
    promote->add_option("version", wanted.move.version, "Its number")->required();
    CLI::Option* canary = promote->add_flag(
        "--canary", wanted.move.canary, "It answers a share; `model finish` makes it all"
    );
    promote->add_flag("--shadow", wanted.move.shadow, "It answers copies that no caller sees")
        ->excludes(canary);
    promote->add_option("--share", wanted.move.share, "Of the traffic, for example 0.05");
    promote->add_flag(
        "--signature-change",
        wanted.move.signature_change,
        "It may take and give other tensors than what is served"
    );
    promote->add_option("--reason", wanted.move.reason, "Why");
    add_move_options(promote, wanted);
    promote->callback([wanted] {
        wanted.run = [wanted] { return run_promote(wanted.scope, wanted.move); };
    });
}

/// What is done with the Rollout that is live.
void add_steering(CLI::App& model, const MovePlaces& wanted) {
    CLI::App* share = add_command(
        model,
        "share",
        "Give the canary or shadow another share",
        "flywheel model share 0.25 --dir news"
    );
    share->add_option("share", wanted.move.share, "Of the traffic, more than 0, at most 1")
        ->required();
    CLI::App* finish = add_command(
        model, "finish", "Serve the canary or shadow to all", "flywheel model finish --dir news"
    );
    CLI::App* cancel = add_command(
        model, "cancel", "End the canary or shadow", "flywheel model cancel --dir news"
    );
    for (CLI::App* command : {share, finish, cancel}) {
        command->add_option("--reason", wanted.move.reason, "Why");
        add_move_options(command, wanted);
        command->callback([wanted, verb = command->get_name()] {
            wanted.run = [wanted, verb] { return run_steer(wanted.scope, verb, wanted.move); };
        });
    }
}

void add_rollback(CLI::App& model, const MovePlaces& wanted) {
    CLI::App* rollback = add_command(
        model,
        "rollback",
        "Take back the canary, or serve what was served before",
        "flywheel model rollback --reason 'sports went wrong' --dir news"
    );
    rollback->add_option("--reason", wanted.move.reason, "Why")->required();
    add_move_options(rollback, wanted);
    rollback->callback([wanted] {
        wanted.run = [wanted] { return run_rollback(wanted.scope, wanted.move); };
    });
}

}  // namespace

void add_move_commands(CLI::App& model, const MovePlaces& places) {
    add_promote(model, places);
    add_steering(model, places);
    add_rollback(model, places);
}

}  // namespace flywheel::app
