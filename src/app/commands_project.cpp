// SPDX-License-Identifier: Apache-2.0
// init, import, serve, job: what needs the directory itself.
#include <atomic>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <sstream>
#include <thread>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/commands_parts.h"
#include "app/screen.h"
#include "app/server.h"
#include "app/service_notice.h"
#include "app/signals.h"
#include "base/json_value.h"
#include "base/log.h"
#include "ports/engine/linear/linear_engine.h"

namespace flywheel::app {

namespace {

constexpr std::size_t kRejectionsShown = 10;

/// The clock of the machine, for everything but tests and the demo.
const Clock& machine_clock() {
    static const SystemClock kClock;
    return kClock;
}

OpenOptions open_options(const CommandScope& scope, loop::Listeners listeners) {
    OpenOptions options;
    options.program = scope.program;
    options.listeners = std::move(listeners);
    return options;
}

Json rejections_json(const std::vector<Rejection>& rejections) {
    Json list = Json::array();
    for (const Rejection& one : rejections) {
        list.push_back({{"line", one.line}, {"field", one.field}, {"message", one.message}});
    }
    return list;
}

Json import_json(const std::string& file, const ImportReport& report) {
    const auto& read = report.rows.read;
    return {
        {"file", file},
        {"rows", read.rows},
        {"rejected", read.rejected},
        {"rejections", rejections_json(read.first_rejections)},
        {"truncated", read.truncated},
        {"examples", report.rows.summary.examples},
        {"repeats", report.rows.summary.repeats},
        {"near_duplicates", report.rows.summary.grouped},
        {"labels_added", report.labels.added},
        {"labels_known", report.labels.repeated},
        {"labels_rejected", report.rejected_labels},
        {"unknown_labels", rejections_json(report.unknown_labels)},
        {"new_labels", report.new_labels}
    };
}

void say_rejections(
    const std::string& file, const std::vector<Rejection>& rejections, std::int64_t all
) {
    for (std::size_t i = 0; i < std::min(rejections.size(), kRejectionsShown); ++i) {
        const Rejection& one = rejections[i];
        const std::string field = one.field.empty() ? "" : fmt::format(", field '{}'", one.field);
        say(fmt::format("{}, line {}{}: {}", file, one.line, field, one.message));
    }
    const auto shown = static_cast<std::int64_t>(std::min(rejections.size(), kRejectionsShown));
    if (all > shown) {
        say(fmt::format("{} more rows of {} were refused", grouped(all - shown), file));
    }
}

void show_import(const CommandScope& scope, const std::string& file, const ImportReport& report) {
    const auto& read = report.rows.read;
    say_rejections(file, read.first_rejections, read.rejected);
    say_rejections(file, report.unknown_labels, report.rejected_labels);
    if (read.truncated) {
        say(fmt::format("The file ends in the middle of a row; what came before is kept: {}", file)
        );
    }
    if (!report.new_labels.empty()) {
        print_out(fmt::format("labels     {}\n", fmt::join(report.new_labels, ", ")));
    }
    print_out(fmt::format(
        "rows       {} read, {} refused\nexamples   {} new, {} known already, {} near duplicates\n"
        "labelled   {} new, {} known already, {} refused\n",
        grouped(read.rows),
        grouped(read.rejected),
        grouped(report.rows.summary.examples),
        grouped(report.rows.summary.repeats),
        grouped(report.rows.summary.grouped),
        grouped(report.labels.added),
        grouped(report.labels.repeated),
        grouped(report.rejected_labels)
    ));
    if (report.labels.added > 0) {
        print_out(fmt::format("next       flywheel turn {}\n", scope.dir.string()));
    }
}

ServerOptions server_options(const Settings& settings, const ServeOptions& options) {
    return {
        .address = options.address.value_or(settings.address),
        .port = options.port.value_or(settings.port),
        .threads = options.threads.value_or(settings.threads),
        .open_read = settings.open_read,
        .opens_turns = !options.no_turns,
    };
}

/// A second signal while stopping: what was captured is made durable, the rest is given up.
class Impatience {
  public:
    Impatience(StopSignals& signals, Project& project)
        : thread_([this, &signals, &project] { run(signals, project); }) {}

    Impatience(const Impatience&) = delete;
    Impatience& operator=(const Impatience&) = delete;

    ~Impatience() {
        stopped_ = true;
        thread_.join();
    }

  private:
    void run(StopSignals& signals, Project& project) {
        while (!stopped_) {
            if (signals.wait(std::chrono::milliseconds(50))) {
                const bool kept = project.capture().flush().has_value();
                say(kept ? "stopped at once; captured rows are safe" : "stopped at once");
                std::_Exit(kept ? 0 : exit_code(Code::Internal));
            }
        }
    }

    std::atomic<bool> stopped_ = false;
    std::thread thread_;
};

std::string start_message(const Project& project, const std::string& url) {
    return fmt::format(
        "flywheel serves '{}' from {} at {}\n",
        project.settings().model,
        project.dir().string(),
        url
    );
}

}  // namespace

Result<std::unique_ptr<Door>> open_door(const CommandScope& scope, loop::Listeners listeners) {
    return Door::open(scope.dir, machine_clock(), open_options(scope, std::move(listeners)));
}

Result<void> run_init(const CommandScope& scope, const InitOptions& options) {
    Settings settings;
    settings.model = options.model;
    settings.labels = options.labels;
    TRY(Project::create(scope.dir, settings));
    // What was written is read back, so a bad name is refused here and not at the next command.
    if (auto read = read_settings(scope.dir / "flywheel.toml"); !read) {
        std::error_code ignored;
        std::filesystem::remove(scope.dir / "flywheel.toml", ignored);
        return std::move(read).error();
    }
    print_out(fmt::format(
        "made       {}\nnext       flywheel import FILE --dir {}\n",
        (scope.dir / "flywheel.toml").string(),
        scope.dir.string()
    ));
    return {};
}

Result<void> run_import(
    const CommandScope& scope, const std::filesystem::path& file, const ColumnNames& columns
) {
    const auto project = TRY(Project::open(scope.dir, machine_clock(), open_options(scope, {})));
    const auto report = TRY(project->import_file(file, columns));
    if (scope.json) {
        print_json(import_json(file.string(), report));
    } else {
        show_import(scope, file.string(), report);
    }
    if (report.rows.read.rows == 0) {
        return invalid_argument(fmt::format("The file has no good row: {}", file.string()));
    }
    return {};
}

Result<void> run_serve(const CommandScope& scope, const ServeOptions& options) {
    // Before any thread is made: a signal from now on is an orderly end.
    StopSignals signals = TRY(StopSignals::watch());
    const auto project = TRY(Project::open(scope.dir, machine_clock(), open_options(scope, {})));
    const auto server = TRY(Server::start(*project, server_options(project->settings(), options)));
    print_out(start_message(*project, server->url()));
    give_notice("READY=1");
    const auto pace = watchdog_pace();
    std::optional<int> signal;
    while (!(signal = signals.wait(pace))) {
        give_notice("WATCHDOG=1");
    }
    give_notice("STOPPING=1");
    server->announce_stop();
    if (signal == SIGTERM) {
        // Whoever sends requests here needs a moment to see that no more are wanted. A person at
        // the keyboard does not.
        signals.wait(
            std::chrono::milliseconds(static_cast<std::int64_t>(options.drain_seconds * 1e3))
        );
    }
    const Impatience impatience(signals, *project);
    server->stop();
    log_info("server stopped");
    return {};
}

Result<void> run_job(const JobOptions& options) {
    StopSignals signals = TRY(StopSignals::watch());
    std::atomic<bool> stop = false;
    std::atomic<bool> ended = false;
    std::thread listener([&] {
        while (!ended) {
            if (signals.wait(std::chrono::milliseconds(20))) {
                stop = true;
            }
        }
    });
    const auto engine = linear::make_engine();
    auto result = [&]() -> Result<std::string> {
        std::ifstream in(options.spec, std::ios::binary);
        if (!in) {
            return not_found("Cannot read the spec of the job: " + options.spec.string());
        }
        const std::string spec{
            std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()
        };
        JobContext context;
        context.out = options.out;
        context.stop = &stop;
        context.progress = [](const std::string& line) { print_out(line + "\n"); };
        return run_job_body(job_table(*engine), {options.kind, {spec}}, std::move(context));
    }();
    ended = true;
    listener.join();
    TRY(std::move(result));
    return {};
}

}  // namespace flywheel::app
