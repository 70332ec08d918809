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
#include "app/imports/row_upload.h"
#include "app/operations/service_notice.h"
#include "app/screen.h"
#include "app/server.h"
#include "app/signals.h"
#include "base/json_value.h"
#include "base/log.h"
#include "ports/engine/linear/linear_engine.h"

namespace flywheel::app {

namespace {

constexpr std::size_t kRejectionsShown = 10;
constexpr std::chrono::seconds kHurry{1};

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
    if (report.asked > 0) {
        print_out(fmt::format(
            "asked      {} rows without a label\nnext       flywheel serve {}, then label on its "
            "page\n",
            grouped(report.asked),
            scope.dir.string()
        ));
    }
    if (report.labels.added > 0) {
        print_out(fmt::format("next       flywheel turn {}\n", scope.dir.string()));
    }
}

std::optional<trail::AccessLogPlan> access_log_plan(const Project& project) {
    const AccessLogSettings& log = project.settings().access_log;
    if (log.to == AccessLogTo::Off) {
        return {};
    }
    trail::AccessLogPlan plan;
    plan.file.most_bytes = static_cast<std::uint64_t>(log.mib) << 20U;
    plan.file.files = static_cast<int>(log.files);
    if (log.to == AccessLogTo::File) {
        plan.file.path = project.dir() / "log" / "access.jsonl";
    }
    return plan;
}

std::chrono::milliseconds milliseconds_of(double seconds) {
    return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1e3));
}

http::HeadLimits head_limits(const ServeLimits& limits) {
    return {
        .request_line = static_cast<std::size_t>(limits.request_line_kib) << 10U,
        .bytes = static_cast<std::size_t>(limits.header_kib) << 10U,
        .fields = static_cast<std::size_t>(limits.header_fields),
    };
}

gateway::GatewayLimits gateway_limits(const ServeLimits& limits) {
    const auto bytes = [](std::int64_t mib) { return static_cast<std::uint64_t>(mib) << 20U; };
    return {
        .infer = {.body = bytes(limits.infer_body_mib), .tensors = bytes(limits.tensor_mib)},
        .feedback_body = bytes(limits.feedback_body_mib),
        .other_body = bytes(limits.other_body_mib),
    };
}

ServerOptions server_options(const Project& project, const ServeOptions& options) {
    const Settings& settings = project.settings();
    return {
        .address = options.address.value_or(settings.address),
        .port = options.port.value_or(settings.port),
        .threads = options.threads.value_or(settings.threads),
        .open_read = settings.open_read,
        .hosts = settings.hosts,
        .opens_turns = !options.no_turns,
        .access_log = access_log_plan(project),
        .max_connections = static_cast<std::size_t>(settings.limits.connections),
        .head = head_limits(settings.limits),
        .max_chunks = static_cast<std::size_t>(settings.limits.chunks),
        .limits = gateway_limits(settings.limits),
        .time_outs =
            {.head = milliseconds_of(settings.limits.head_seconds),
             .body = milliseconds_of(settings.limits.body_seconds),
             .idle = milliseconds_of(settings.limits.idle_seconds),
             .write = milliseconds_of(settings.limits.write_seconds)},
        .tls = tls_plan(project.dir(), settings),
        .triton_names = settings.triton_names,
    };
}

/// While the server stops: a second signal ends the waiting for requests in flight, and a second
/// later the process, with what was captured made durable.
class Impatience {
  public:
    /// `asked` = the second signal has come already.
    Impatience(StopSignals& signals, Project& project, Server& server, bool asked)
        : asked_(asked),
          thread_([this, &signals, &project, &server] { run(signals, project, server); }) {}

    Impatience(const Impatience&) = delete;
    Impatience& operator=(const Impatience&) = delete;

    ~Impatience() {
        stopped_ = true;
        thread_.join();
    }

  private:
    /// Until there is a signal that asks for the end, or `until`; false when it did not come.
    bool asked_to_end(StopSignals& signals, std::chrono::steady_clock::time_point until) {
        while (!stopped_ && std::chrono::steady_clock::now() < until) {
            const auto signal = signals.wait(std::chrono::milliseconds(20));
            if (signal && *signal != SIGHUP) {
                return true;
            }
        }
        return false;
    }

    void run(StopSignals& signals, Project& project, Server& server) {
        if (!asked_ && !asked_to_end(signals, std::chrono::steady_clock::time_point::max())) {
            return;
        }
        server.hurry();
        const auto end = std::chrono::steady_clock::now() + kHurry;
        asked_to_end(signals, end);  // a third signal changes nothing but the moment
        if (!stopped_) {
            const bool kept = project.capture().flush().has_value();
            say(kept ? "stopped at once; captured rows are safe" : "stopped at once");
            std::_Exit(kept ? 0 : exit_code(Code::Internal));
        }
    }

    const bool asked_;
    std::atomic<bool> stopped_ = false;
    std::thread thread_;
};

/// The first signal that asks for an end, or none within `patience` (negative: for ever); SIGHUP
/// meanwhile opens the logs anew.
std::optional<int> wait_for_end(
    StopSignals& signals, Server& server, std::chrono::milliseconds patience
) {
    const auto until = std::chrono::steady_clock::now() + patience;
    for (;;) {
        const auto signal = signals.wait(patience);
        if (!signal || *signal != SIGHUP) {
            return signal;
        }
        server.reopen_logs();
        if (patience.count() >= 0) {
            patience = std::max(
                std::chrono::milliseconds(0),
                std::chrono::ceil<std::chrono::milliseconds>(
                    until - std::chrono::steady_clock::now()
                )
            );
        }
    }
}

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
    settings.kind = options.several ? TaskKind::Choices : TaskKind::Choice;
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
    const CommandScope& scope,
    const std::filesystem::path& file,
    const ColumnNames& columns,
    const ImportWish& wish
) {
    const auto project = TRY(Project::open(scope.dir, machine_clock(), open_options(scope, {})));
    const auto report = TRY(project->import_file(file, columns, wish));
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
    const auto server = TRY(Server::start(*project, server_options(*project, options)));
    print_out(start_message(*project, server->url()));
    give_notice("READY=1");
    const auto pace = watchdog_pace();
    std::optional<int> signal;
    while (!(signal = wait_for_end(signals, *server, pace))) {
        give_notice("WATCHDOG=1");
    }
    give_notice("STOPPING=1");
    server->announce_stop();
    bool asked_again = false;
    if (signal == SIGTERM) {
        // Whoever sends requests here needs a moment to see that no more are wanted. A person at
        // the keyboard does not.
        const auto drain = milliseconds_of(options.drain_seconds);
        asked_again = wait_for_end(signals, *server, drain).has_value();
    }
    const Impatience impatience(signals, *project, *server, asked_again);
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
