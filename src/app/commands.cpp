// SPDX-License-Identifier: Apache-2.0
#include "app/commands.h"

#include <cstdio>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/captured/commands_captured.h"
#include "app/commands_parts.h"
#include "app/version.h"
#include "base/json_value.h"
#include "base/log.h"
#include "base/text.h"

namespace flywheel::app {

namespace {

/// All that the arguments say; what the callbacks below run with.
struct Wanted {
    CommandScope scope;
    std::function<Result<void>()> run;
    InitOptions init;
    std::filesystem::path file;
    ColumnNames columns;
    ServeOptions serve;
    MoveOptions move;
    ImportModelOptions import_model;
    std::string before;
    std::string after;
    KeyOptions key;
    CapturedCommands captured;
    JobOptions job;
    DemoOptions demo;
};

/// Adds one command; `example` stands at the end of its --help.
CLI::App* add_command(
    CLI::App& parent, const std::string& name, const std::string& what, const std::string& example
) {
    CLI::App* command = parent.add_subcommand(name, what);
    command->footer("Example:\n  " + example);
    return command;
}

void add_dir(CLI::App* command, Wanted& wanted, bool positional) {
    command->add_option(
        positional ? "dir,--dir" : "--dir", wanted.scope.dir, "The project's directory (default: .)"
    );
}

void add_json(CLI::App* command, Wanted& wanted) {
    command->add_flag("--json", wanted.scope.json, "Print JSON, for scripts");
}

void add_project_commands(CLI::App& app, Wanted& wanted) {
    CLI::App* init = add_command(
        app,
        "init",
        "Make a project directory",
        "flywheel init news --labels politics,economy,sports"
    );
    add_dir(init, wanted, true);
    init->add_option("--model", wanted.init.model, "The model's name in URLs (default: default)");
    init->add_option("--labels", wanted.init.labels, "Labels, separated by commas")->delimiter(',');
    init->callback([&] { wanted.run = [&] { return run_init(wanted.scope, wanted.init); }; });

    CLI::App* import = add_command(
        app,
        "import",
        "Import a JSONL or CSV file of rows, with or without labels",
        "flywheel import headlines.csv --dir news --text title --label topic"
    );
    import->add_option("file", wanted.file, "The file (.jsonl, .csv, .tsv, also .gz)")->required();
    add_dir(import, wanted, false);
    import->add_option("--id", wanted.columns.id, "Column of the id (default: id)");
    import->add_option("--time", wanted.columns.time, "Column of the time (default: time)");
    import->add_option("--text", wanted.columns.text, "Column of the text (default: text)");
    import->add_option("--label", wanted.columns.label, "Column of the label (default: label)");
    import->add_option(
        "--annotators",
        wanted.columns.annotators,
        "Column of answers by person (default: annotators)"
    );
    add_json(import, wanted);
    import->callback([&] {
        wanted.run = [&] { return run_import(wanted.scope, wanted.file, wanted.columns); };
    });
}

void add_serve(CLI::App& app, Wanted& wanted) {
    CLI::App* serve = add_command(
        app,
        "serve",
        "Serve the project's model, capture, and let the wheel turn",
        "flywheel serve news --port 8000"
    );
    add_dir(serve, wanted, true);
    serve->add_option("--port", wanted.serve.port, "Port; 0 = any free one (default: settings)");
    serve->add_option("--address", wanted.serve.address, "Address (default: settings)");
    serve->add_option("--threads", wanted.serve.threads, "HTTP threads (default: settings)");
    serve->add_flag("--no-turns", wanted.serve.no_turns, "Open no turn; only advance those opened");
    serve
        ->add_option(
            "--drain",
            wanted.serve.drain_seconds,
            "Seconds after SIGTERM in which requests are still taken (default: 5)"
        )
        ->check(CLI::Range(0.0, 3600.0));
    serve->callback([&] { wanted.run = [&] { return run_serve(wanted.scope, wanted.serve); }; });
}

void add_loop_commands(CLI::App& app, Wanted& wanted) {
    CLI::App* status = add_command(
        app, "status", "What is served, is it still good, what to do next", "flywheel status news"
    );
    add_dir(status, wanted, true);
    add_json(status, wanted);
    status->callback([&] { wanted.run = [&] { return run_status(wanted.scope); }; });

    CLI::App* turn = add_command(
        app, "turn", "Open a turn of the wheel, or go on with the open one", "flywheel turn news"
    );
    add_dir(turn, wanted, true);
    add_json(turn, wanted);
    turn->callback([&] { wanted.run = [&] { return run_turn(wanted.scope); }; });
}

void add_model_commands(CLI::App& app, Wanted& wanted) {
    CLI::App* model =
        app.add_subcommand("model", "Versions: list, import, promote, rollback, card");
    model->require_subcommand(1);
    CLI::App* list = add_command(
        *model, "list", "All versions and how they were judged", "flywheel model list --dir news"
    );
    add_dir(list, wanted, false);
    add_json(list, wanted);
    list->callback([&] { wanted.run = [&] { return run_model_list(wanted.scope); }; });

    CLI::App* promote = add_command(
        *model, "promote", "Serve this version from now on", "flywheel model promote 3 --dir news"
    );
    promote->add_option("version", wanted.move.version, "Its number")->required();
    promote->add_option("--who", wanted.move.who, "Who moves it (default: the user)");
    add_dir(promote, wanted, false);
    add_json(promote, wanted);
    promote->callback([&] { wanted.run = [&] { return run_promote(wanted.scope, wanted.move); }; });

    CLI::App* rollback = add_command(
        *model,
        "rollback",
        "Serve what was served before",
        "flywheel model rollback --reason 'sports went wrong' --dir news"
    );
    rollback->add_option("--reason", wanted.move.reason, "Why")->required();
    rollback->add_option("--who", wanted.move.who, "Who moves it (default: the user)");
    add_dir(rollback, wanted, false);
    add_json(rollback, wanted);
    rollback->callback([&] { wanted.run = [&] { return run_rollback(wanted.scope, wanted.move); }; }
    );

    CLI::App* card = add_command(
        *model, "card", "The model card, as Markdown", "flywheel model card 3 --dir news"
    );
    card->add_option("version", wanted.move.version, "Its number")->required();
    add_dir(card, wanted, false);
    card->callback([&] { wanted.run = [&] { return run_card(wanted.scope, wanted.move.version); }; }
    );
}

void add_model_import(CLI::App& model, Wanted& wanted) {
    CLI::App* command = add_command(
        model,
        "import",
        "Serve your own ONNX or OpenVINO IR model, in a worker process",
        "flywheel model import resnet.onnx --name resnet --labels classes.txt --dir news"
    );
    ImportModelOptions& wish = wanted.import_model;
    command->add_option("file", wish.file, "FILE.onnx, or FILE.xml and FILE.bin")->required();
    command->add_option("--name", wish.name, "The model's name in URLs")->required();
    command->add_option("--labels", wish.labels, "File of class names in class order, a line each");
    command->add_option("--batches", wish.batches, "First dimension counts rows: auto, yes, no");
    command->add_option("--precision", wish.precision, "fp32, fp16, bf16, auto; int8 if quantised");
    command->add_option("--licence", wish.licence, "SPDX expression, for the model card");
    command->add_option("--who", wish.who, "Who imports it (default: the user)");
    command->add_flag("--no-release", wish.no_release, "Do not serve the first version at once");
    add_dir(command, wanted, false);
    add_json(command, wanted);
    command->callback([&] {
        wanted.run = [&] { return run_model_import(wanted.scope, wanted.import_model); };
    });
}

void add_record_commands(CLI::App& app, Wanted& wanted) {
    CLI::App* label = app.add_subcommand("label", "Labels: export");
    label->require_subcommand(1);
    CLI::App* exported = add_command(
        *label,
        "export",
        "The current label of each item, as CSV",
        "flywheel label export --dir news --out labels.csv"
    );
    add_dir(exported, wanted, false);
    exported->add_option("--out", wanted.file, "File (default: standard output)");
    exported->callback([&] {
        wanted.run = [&] { return run_label_export(wanted.scope, wanted.file); };
    });

    CLI::App* dataset = app.add_subcommand("dataset", "Dataset versions: log, diff");
    dataset->require_subcommand(1);
    CLI::App* log = add_command(
        *dataset, "log", "All versions, newest first", "flywheel dataset log --dir news"
    );
    add_dir(log, wanted, false);
    add_json(log, wanted);
    log->callback([&] { wanted.run = [&] { return run_dataset_log(wanted.scope); }; });

    CLI::App* diff = add_command(
        *dataset,
        "diff",
        "What changed from one version to another",
        "flywheel dataset diff 1f0c 93ab --dir news"
    );
    diff->add_option("before", wanted.before, "Digest, or its beginning")->required();
    diff->add_option("after", wanted.after, "Digest, or its beginning")->required();
    add_dir(diff, wanted, false);
    add_json(diff, wanted);
    diff->callback([&] {
        wanted.run = [&] { return run_dataset_diff(wanted.scope, wanted.before, wanted.after); };
    });
}

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

void add_demo(CLI::App& app, Wanted& wanted, const DemoFunction& run) {
    CLI::App* demo = add_command(
        app,
        "demo",
        "Replay a stream and watch a model grow old and get better",
        "flywheel demo news\n  flywheel demo --stream mine.jsonl --train-until 2024-01-01"
    );
    auto& options = wanted.demo;
    demo->add_option("name", options.name, "Which demo (default: news)")
        ->check(CLI::IsMember({"news"}));
    demo->add_option(
        "--stream", options.stream, "Your own stream: JSONL or CSV with time,text,label"
    );
    demo->add_option("--json", options.json, "Write every turn and decision to this file");
    demo->add_option("--budget", options.budget, "Questions per served row (default: 0.1)")
        ->check(CLI::Range(0.0, 1.0));
    demo->add_option("--seed", options.seed, "Seed (default: 1)");
    demo->add_option("--turns", options.turns, "Stop after so many turns; 0 = all (default: 0)")
        ->check(CLI::NonNegativeNumber);
    demo->add_flag(
        "--feedback,!--no-feedback", options.feedback, "Users correct one wrong answer in twenty"
    );
    demo->add_option(
        "--keep", options.keep, "Keep the project in this directory; goes on from there"
    );
    demo->add_flag("--serve", options.serve, "Leave the server up at the end");
    demo->add_option(
        "--train-until", options.train_until, "Date, or share of the rows, of version 1"
    );
    demo->add_option("--every", options.every, "\"month\" or a number of rows (default: month)");
    demo->callback([&wanted, &run] {
        wanted.demo.program = wanted.scope.program;
        wanted.run = [&wanted, &run] { return run(wanted.demo); };
    });
}

void add_job(CLI::App& app, Wanted& wanted) {
    CLI::App* job = app.add_subcommand("job", "Run one job (internal)")->group("");
    job->add_option("kind", wanted.job.kind, "tune or train")->required();
    job->add_option("--spec", wanted.job.spec, "JSON file")->required();
    job->add_option("--out", wanted.job.out, "Result folder; emptied first")->required();
    job->callback([&] { wanted.run = [&] { return run_job(wanted.job); }; });
}

std::filesystem::path own_program(const char* name) {
    std::error_code failed;
    auto path = std::filesystem::read_symlink("/proc/self/exe", failed);
    return failed ? std::filesystem::path(name) : path;
}

int fail(const Error& error) {
    say(error.message);
    return exit_code(error.code);
}

}  // namespace

void print_out(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

void print_json(const Json& value) {
    print_out(pretty(value) + "\n");
}

void say(const std::string& text) {
    const std::string line = "flywheel: " + printable(text) + "\n";
    std::fwrite(line.data(), 1, line.size(), stderr);
}

int run_commands(int count, const char* const* arguments, const DemoFunction& demo) {
    CLI::App app("The data feedback loop around a model, in one program.", "flywheel");
    Wanted wanted;
    wanted.scope.program = own_program(arguments[0]);
    app.set_version_flag("--version", "flywheel " + std::string(kVersion));
    app.require_subcommand(1);
    app.footer("Begin with:\n  flywheel demo news");
    add_demo(app, wanted, demo);
    add_project_commands(app, wanted);
    add_serve(app, wanted);
    add_loop_commands(app, wanted);
    add_model_commands(app, wanted);
    add_model_import(*app.get_subcommand("model"), wanted);
    add_record_commands(app, wanted);
    add_key_commands(app, wanted);
    add_doctor(app, wanted);
    add_captured_commands(app, wanted.scope, wanted.captured, wanted.run);
    add_job(app, wanted);
    try {
        app.parse(count, arguments);
    } catch (const CLI::Success& success) {
        return app.exit(success);  // --help, --version
    } catch (const CLI::ParseError& error) {
        return fail(invalid_argument(std::string(error.what()) + "; see --help"));
    }
    // Commands answer on stdout and stderr; only a server has a log worth reading line by line.
    const bool serves = app.got_subcommand("serve");
    set_log_level(serves ? LogLevel::Info : LogLevel::Error);
    if (auto done = wanted.run(); !done) {
        return fail(done.error());
    }
    return 0;
}

}  // namespace flywheel::app
