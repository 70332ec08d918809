// SPDX-License-Identifier: Apache-2.0
// key, audit, doctor: their words on the command line.
#include "app/command_words.h"

#include <CLI/CLI.hpp>

namespace flywheel::app {

namespace {

void add_key_commands(CLI::App& app, Wanted& wanted) {
    CLI::App* key = app.add_subcommand("key", "Keys of callers: add, list, revoke");
    key->require_subcommand(1);
    CLI::App* add = add_command(
        *key,
        "add",
        "Make a key and show it once",
        "flywheel key add shop --roles infer,feedback --rate 100 --dir news"
    );
    add->add_option("name", wanted.key.name, "Who will use it")->required();
    add->add_option("--roles", wanted.key.roles, "Of infer, feedback, label, read, admin")
        ->delimiter(',')
        ->required();
    add->add_option("--rate", wanted.key.rate, "Requests a second; 0 = no limit (default: 0)");
    add->add_option("--burst", wanted.key.burst, "Requests at once (default: as the rate)");
    add->add_option("--expires", wanted.key.expires, "Date or time (default: never)");
    add_dir(add, wanted, false);
    add_json(add, wanted);
    add->callback([&] { wanted.run = [&] { return run_key_add(wanted.scope, wanted.key); }; });

    CLI::App* list = add_command(*key, "list", "All keys", "flywheel key list --dir news");
    add_dir(list, wanted, false);
    add_json(list, wanted);
    list->callback([&] { wanted.run = [&] { return run_key_list(wanted.scope); }; });

    CLI::App* revoke = add_command(
        *key, "revoke", "Refuse a key from now on", "flywheel key revoke shop --dir news"
    );
    revoke->add_option("name", wanted.key.name, "Whose")->required();
    add_dir(revoke, wanted, false);
    revoke->callback([&] { wanted.run = [&] { return run_key_revoke(wanted.scope, wanted.key); }; }
    );
}

void add_doctor(CLI::App& app, Wanted& wanted) {
    CLI::App* doctor = add_command(
        app, "doctor", "Check directory, disk, clock, ports, keys, versions", "flywheel doctor news"
    );
    add_dir(doctor, wanted, true);
    add_json(doctor, wanted);
    doctor->callback([&] { wanted.run = [&] { return run_doctor(wanted.scope); }; });
}

void add_audit(CLI::App& app, Wanted& wanted) {
    CLI::App* audit = add_command(
        app,
        "audit",
        "Who did what to the project, and what was refused at the door",
        "flywheel audit news --limit 20"
    );
    add_dir(audit, wanted, true);
    audit->add_option("--limit", wanted.audit.limit, "Newest events (default: 50)")
        ->check(CLI::Range(1, 1000));
    audit->add_flag("--verify", wanted.audit.verify, "Check that no event was changed or removed");
    add_json(audit, wanted);
    audit->callback([&] { wanted.run = [&] { return run_audit(wanted.scope, wanted.audit); }; });
}

}  // namespace

void add_operations_commands(CLI::App& app, Wanted& wanted) {
    add_key_commands(app, wanted);
    add_audit(app, wanted);
    add_doctor(app, wanted);
}

}  // namespace flywheel::app
