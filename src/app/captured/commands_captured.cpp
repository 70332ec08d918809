// SPDX-License-Identifier: Apache-2.0
// erase and truth: a person's rows go; what was served is written with what was true.
#include "app/captured/commands_captured.h"

#include <filesystem>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/screen.h"
#include "base/json_value.h"

namespace flywheel::app {

namespace {

std::string count_of(const Json& body, const char* field) {
    return grouped(body.at(field).get<std::int64_t>());
}

std::string erased_screen(const Json& erased) {
    std::string text = fmt::format(
        "erased     {} rows, {} lines of feedback, {} payloads; {} examples lost their text\n",
        count_of(erased, "rows"),
        count_of(erased, "feedback"),
        count_of(erased, "payloads"),
        count_of(erased, "examples_cleared")
    );
    for (const Json& store : erased.at("proof")) {
        text += fmt::format(
            "searched   {:<12} {} bytes: {}\n",
            store.at("store").get<std::string>(),
            count_of(store, "bytes"),
            store.at("found") == 0 ? "nothing found" : count_of(store, "found") + " pieces FOUND"
        );
    }
    for (const Json& sentence : erased.at("stays")) {
        text += "stays      " + sentence.get<std::string>() + "\n";
    }
    return text;
}

/// Across file systems as well.
Result<void> move_file(const std::filesystem::path& from, const std::filesystem::path& to) {
    std::error_code failed;
    std::filesystem::rename(from, to, failed);
    if (failed) {
        failed.clear();
        std::filesystem::copy_file(
            from, to, std::filesystem::copy_options::overwrite_existing, failed
        );
        if (!failed) {
            std::filesystem::remove(from, failed);
        }
    }
    if (failed) {
        return make_error(
            Code::Unavailable,
            fmt::format(
                "The table is written, but cannot be moved to {}: {}; it stands in {}",
                to.string(),
                failed.message(),
                from.string()
            )
        );
    }
    return {};
}

/// Erases a subject's rows and says what was found afterwards; Internal when that is not nothing.
Result<void> run_erase(const CommandScope& scope, const std::string& subject) {
    if (subject.empty()) {
        return invalid_argument("Say whose rows shall go: --subject ID, as the requests named it");
    }
    const auto door = TRY(open_door(scope));
    const Json erased = TRY(door->post_json("/v1/erase", {{"subject", subject}}));
    if (scope.json) {
        print_json(erased);
    } else {
        print_out(erased_screen(erased));
    }
    if (!erased.at("proven").get<bool>()) {
        return make_error(
            Code::Internal,
            "Something of this subject was found after it was erased; see what was searched, and "
            "erase again when no turn is under way"
        );
    }
    return {};
}

/// Writes served rows with their truth as Parquet.
Result<void> run_truth(const CommandScope& scope, const TruthOptions& options) {
    Json wanted = {{"all_rows", options.all_rows}};
    for (const auto& [field, text] :
         {std::pair("as_of", &options.as_of),
          std::pair("from", &options.from),
          std::pair("to", &options.to)}) {
        if (!text->empty()) {
            wanted[field] = *text;
        }
    }
    const auto door = TRY(open_door(scope));
    Json written = TRY(door->post_json("/v1/truth", wanted));
    if (!options.out.empty()) {
        TRY(move_file(written.at("file").get<std::string>(), options.out));
        written["file"] = options.out.string();
    }
    if (scope.json) {
        print_json(written);
        return {};
    }
    print_out(fmt::format(
        "rows       {} served, {} with a truth as of {}\n"
        "feedback   {} lines, {} joined, {} that name no row of a request with several\n"
        "conflicts  {} rows about which sources disagree\n"
        "file       {}\n",
        count_of(written, "rows"),
        count_of(written, "with_truth"),
        written.at("as_of").get<std::string>(),
        count_of(written, "signals"),
        count_of(written, "joined"),
        count_of(written, "index_needed"),
        count_of(written, "conflicting"),
        written.at("file").get<std::string>()
    ));
    return {};
}

CLI::App* add_command(
    CLI::App& app, CommandScope& scope, const std::string& name, const std::string& what
) {
    CLI::App* command = app.add_subcommand(name, what);
    command->add_option("--dir", scope.dir, "The project's directory (default: .)");
    command->add_flag("--json", scope.json, "Print JSON, for scripts");
    return command;
}

}  // namespace

void add_captured_commands(
    CLI::App& app, CommandScope& scope, CapturedCommands& wanted, std::function<Result<void>()>& run
) {
    CLI::App* erase = add_command(
        app, scope, "erase", "Erase all rows of one subject, feedback and copies, and prove it"
    );
    erase->footer("Example:\n  flywheel erase --subject user-4711 --dir news");
    erase->add_option("--subject", wanted.subject, "Whose rows: fw_subject of the requests")
        ->required();
    erase->callback([&] { run = [&] { return run_erase(scope, wanted.subject); }; });

    CLI::App* truth = add_command(
        app, scope, "truth", "Write what was served with what was true, as known at a time"
    );
    truth->footer("Example:\n  flywheel truth --as-of 2026-11-01 --out truth.parquet --dir news");
    truth->add_option("--as-of", wanted.truth.as_of, "Nothing that arrived later (default: now)");
    truth->add_option("--from", wanted.truth.from, "Rows served from here on");
    truth->add_option("--to", wanted.truth.to, "Rows served before");
    truth->add_flag("--all", wanted.truth.all_rows, "Also rows whose truth nobody said");
    truth->add_option("--out", wanted.truth.out, "A Parquet file (default: in DIR/exports)");
    truth->callback([&] { run = [&] { return run_truth(scope, wanted.truth); }; });
}

}  // namespace flywheel::app
