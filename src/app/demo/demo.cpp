// SPDX-License-Identifier: Apache-2.0
#include "app/demo/demo.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <future>
#include <optional>

#include <fmt/format.h>
#include <unistd.h>

#include "app/demo/generator.h"
#include "app/demo/report.h"
#include "app/screen.h"
#include "app/signals.h"

namespace flywheel::app {

namespace {

constexpr std::string_view kNewsStream = "klue-ynat/stream.jsonl.gz";
constexpr std::size_t kRejectionsShown = 5;

/// A folder that goes away with the demo, unless the user keeps it.
class DemoFolder {
  public:
    static Result<DemoFolder> make(const std::filesystem::path& keep) {
        if (!keep.empty()) {
            return DemoFolder(keep, true);
        }
        std::string name =
            (std::filesystem::temp_directory_path() / "flywheel-demo-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) {
            return make_error(
                Code::Unavailable, fmt::format("Cannot make a temporary folder: {}", name)
            );
        }
        return DemoFolder(name, false);
    }

    DemoFolder(DemoFolder&& other) noexcept : path_(std::move(other.path_)), keep_(other.keep_) {
        other.keep_ = true;
    }

    DemoFolder(const DemoFolder&) = delete;
    DemoFolder& operator=(const DemoFolder&) = delete;
    DemoFolder& operator=(DemoFolder&&) = delete;

    ~DemoFolder() {
        if (!keep_) {
            std::error_code ignored;
            std::filesystem::remove_all(path_, ignored);
        }
    }

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    DemoFolder(std::filesystem::path path, bool keep) : path_(std::move(path)), keep_(keep) {}

    std::filesystem::path path_;
    bool keep_;
};

std::filesystem::path data_folder() {
    const char* set =
        std::getenv("FLYWHEEL_DATA");  // NOLINT(concurrency-mt-unsafe): nobody sets it
    return set != nullptr ? std::filesystem::path(set) : std::filesystem::path("../shared/data");
}

Result<Stream> choose_stream(const DemoOptions& options) {
    if (!options.stream.empty()) {
        return load_stream(options.stream);
    }
    if (options.name != "news") {
        return invalid_argument(
            fmt::format("Unknown demo; known: news. Or give --stream FILE: '{}'", options.name)
        );
    }
    const auto file = data_folder() / kNewsStream;
    std::error_code ignored;
    if (std::filesystem::exists(file, ignored)) {
        return load_stream(file);
    }
    fmt::print(
        "No data at {} (set FLYWHEEL_DATA): a generated look-alike takes its place. Its shape was "
        "tuned once so that "
        "never / all labels land near .50 / .78; the figures say nothing about real news.\n",
        file.string()
    );
    return generate_stream({options.seed});
}

void print_rejections(const Stream& stream) {
    if (stream.out_of_order > 0) {
        fmt::print(
            "{} rows came before an earlier one; they were put in order of time.\n",
            stream.out_of_order
        );
    }
    if (stream.read.truncated) {
        fmt::print("The file ends in the middle of a row; the rows before it are used.\n");
    }
    if (stream.read.rejected == 0) {
        return;
    }
    fmt::print("{} rows were refused, {} are used:\n", stream.read.rejected, stream.read.rows);
    for (std::size_t i = 0; i < std::min(kRejectionsShown, stream.read.first_rejections.size());
         ++i) {
        const auto& rejection = stream.read.first_rejections[i];
        fmt::print(
            "  {}, line {}, field '{}': {}\n",
            stream.name,
            rejection.line,
            rejection.field,
            rejection.message
        );
    }
}

Settings settings_of(const DemoOptions& options, const Stream& stream) {
    Settings settings;
    settings.model = options.stream.empty() ? options.name : "stream";
    settings.labels = stream.labels;
    settings.policy.model = settings.model;
    settings.policy.label_share = options.budget;
    settings.policy.seed = options.seed;
    // A stream lies in the past: the next start would forget rows of so long ago.
    constexpr std::chrono::days kForGood(36'500);
    settings.capture.lifetimes = {.payload = kForGood, .embedding = kForGood, .row = kForGood};
    // Each text of a stream has one answer, and its figures are those of one answer a question; a
    // second one would come from the same hand.
    settings.labeling.second_share = 0;
    settings.port = 0;
    settings.threads = 1;
    return settings;
}

struct Yardsticks {
    Line never;
    Line shift;
    Line all;
};

Result<Yardsticks> run_yardsticks(
    const Stream& stream,
    const Cut& cut,
    const Engine& engine,
    const Settings& settings,
    const std::atomic<bool>& stop
) {
    const auto line = [&](Retrain retrain, Correct correct) {
        return run_yardstick(
            stream, cut, engine, {retrain, correct, settings.prior_discount, &settings.policy}, stop
        );
    };
    Line never = TRY(line(Retrain::Never, Correct::Never));
    Line shift = TRY(line(Retrain::Never, Correct::Always));
    Line all = TRY(line(Retrain::EveryPeriod, Correct::WhenItHelps));
    return Yardsticks{std::move(never), std::move(shift), std::move(all)};
}

Result<std::vector<PeriodResult>> replay_all(Replay& replay, const Cut& cut, std::int64_t rows) {
    TRY(replay.train_first());
    std::vector<PeriodResult> periods;
    ProgressBar bar(std::max<std::int64_t>(1, rows), "serving");
    for (std::size_t i = 0; i < cut.periods.size(); ++i) {
        bar.set_note(cut.periods[i].name);
        periods.push_back(TRY(replay.run(cut.periods[i], i, [&](std::int64_t n) { bar.advance(n); })
        ));
    }
    bar.finish();
    return periods;
}

Result<void> write_json(const std::filesystem::path& file, const std::string& text) {
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    out << text;
    out.close();
    if (!out) {
        return make_error(
            Code::Unavailable, fmt::format("Cannot write the JSON report: {}", file.string())
        );
    }
    return {};
}

void print_heading(
    const Stream& stream, const Cut& cut, const Settings& settings, std::uint16_t port
) {
    fmt::print(
        "{}: {} rows from {} to {}, {} labels. The first {} train version 1; the rest arrives in "
        "{} periods.\n"
        "Serving `{}` on http://127.0.0.1:{}; people are asked about {:.0f} % of the rows.\n",
        stream.name,
        grouped(static_cast<std::int64_t>(stream.rows.size())),
        to_date(stream.rows.front().time),
        to_date(stream.rows.back().time),
        stream.labels.size(),
        grouped(static_cast<std::int64_t>(cut.train_end)),
        cut.periods.size(),
        settings.model,
        port,
        100 * settings.policy.label_share
    );
    std::fflush(stdout);
}

Result<std::unique_ptr<Project>> open_project(
    const std::filesystem::path& dir,
    const Settings& settings,
    const Clock& clock,
    const DemoOptions& options
) {
    std::error_code ignored;
    if (!std::filesystem::exists(dir / "flywheel.toml", ignored)) {
        TRY(Project::create(dir, settings));
    }
    OpenOptions opening;
    opening.program = options.program;
    opening.id_seed = options.seed;
    return Project::open(dir, clock, std::move(opening));
}

/// A run that goes on stands where the killed one stood: its loop may finish a Turn before the
/// first row is served.
Result<void> set_to_last_turn(ManualClock& clock, Project& project) {
    const Reader<Turn> turns(project.ledger());
    const auto last = TRY(turns.first(Where<Turn>().newest(&Turn::number)));
    if (last && last->window_end > clock.now()) {
        clock.set(last->window_end);
    }
    return {};
}

Result<void> report_all(const DemoOptions& options, const Outcome& outcome, Project& project) {
    const bool colours = wants_colour(STDOUT_FILENO);
    const std::size_t width = terminal_width(STDOUT_FILENO, 140);
    fmt::print("\n{}", TRY(table_text(outcome, project, width, colours)));
    fmt::print("\n{}\n", people_text(TRY(people_of(outcome, project))));
    fmt::print("{}", summary_text(outcome.summary, colours));
    if (!options.json.empty()) {
        TRY(write_json(options.json, TRY(json_text(options, outcome, project))));
    }
    if (!options.keep.empty()) {
        fmt::print(
            "\nThe project stays in {}: open it with `flywheel serve {}`.\n",
            options.keep.string(),
            options.keep.string()
        );
    }
    std::fflush(stdout);
    return {};
}

}  // namespace

Result<void> run_demo(const DemoOptions& options) {
    const Stream stream = TRY(choose_stream(options));
    print_rejections(stream);
    Cut cut = TRY(cut_stream(stream, options.train_until, options.every));
    if (options.turns > 0 && cut.periods.size() > static_cast<std::size_t>(options.turns)) {
        cut.periods.resize(static_cast<std::size_t>(options.turns));
    }
    const DemoFolder folder = TRY(DemoFolder::make(options.keep));
    const Settings settings = settings_of(options, stream);
    ManualClock clock(stream.rows[cut.train_end].time);
    const auto project = TRY(open_project(folder.path(), settings, clock, options));
    TRY(set_to_last_turn(clock, *project));
    ServerOptions serving;
    serving.port = 0;
    serving.threads = 1;
    serving.opens_turns = false;
    const auto server = TRY(Server::start(*project, serving));
    print_heading(stream, cut, settings, server->port());

    std::atomic<bool> stop = false;
    auto yardsticks = std::async(std::launch::async, [&] {
        return run_yardsticks(stream, cut, project->engine(), settings, stop);
    });
    Replay replay(stream, cut, {*project, *server, clock}, {options.seed, options.feedback});
    const auto rows = static_cast<std::int64_t>(cut.periods.back().end - cut.train_end);
    auto periods = replay_all(replay, cut, rows);
    stop.store(!periods.has_value());
    auto lines = yardsticks.get();
    if (!periods) {
        return std::move(periods).error();
    }
    Yardsticks measured = TRY(std::move(lines));
    Line loop = line_of(*periods, stream.labels.size());
    const Summary summary{
        std::move(measured.never),
        std::move(measured.shift),
        std::move(loop),
        std::move(measured.all)
    };
    TRY(report_all(options, {stream, cut, *periods, summary}, *project));
    if (options.serve) {
        fmt::print("\nServing on http://127.0.0.1:{}/ until you press Ctrl+C.\n", server->port());
        std::fflush(stdout);
        auto signals = TRY(StopSignals::watch());
        signals.wait();
        server->announce_stop();
        server->stop();
    }
    return {};
}

}  // namespace flywheel::app
