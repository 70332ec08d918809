// SPDX-License-Identifier: Apache-2.0
#include "app/commands.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/command_words.h"
#include "app/commands_parts.h"
#include "app/rollouts/move_commands.h"
#include "app/version.h"
#include "base/log.h"

namespace flywheel::app {

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

namespace {

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
    init->add_flag(
        "--several-labels", wanted.init.several, "A row may have any number of labels, not just one"
    );
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
    import->add_flag("--ask", wanted.import.ask, "Let people label the rows that have no label");
    add_json(import, wanted);
    import->callback([&] {
        wanted.run = [&] {
            return run_import(wanted.scope, wanted.file, wanted.columns, wanted.import);
        };
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
    CLI::App* model = app.add_subcommand("model", "Versions: list, import, promote and more");
    model->require_subcommand(1);
    CLI::App* list = add_command(
        *model, "list", "All versions and how they were judged", "flywheel model list --dir news"
    );
    list->add_option("--model", wanted.move.model, "The model (default: the project's own)");
    add_dir(list, wanted, false);
    add_json(list, wanted);
    list->callback([&] { wanted.run = [&] { return run_model_list(wanted.scope, wanted.move); }; });
    add_move_commands(*model, {wanted.scope, wanted.move, wanted.run});

    CLI::App* card = add_command(
        *model, "card", "The model card, as Markdown", "flywheel model card 3 --dir news"
    );
    card->add_option("version", wanted.move.version, "Its number")->required();
    card->add_option("--model", wanted.move.model, "The model (default: the project's own)");
    add_dir(card, wanted, false);
    card->callback([&] { wanted.run = [&] { return run_card(wanted.scope, wanted.move); }; });
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
    add_operations_commands(app, wanted);
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
