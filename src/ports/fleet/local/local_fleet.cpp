// SPDX-License-Identifier: Apache-2.0
#include "ports/fleet/local/local_fleet.h"

#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>

#include <fmt/format.h>
#include <sys/wait.h>

#include "base/json_value.h"
#include "base/text.h"
#include "ports/fleet/local/child.h"

namespace flywheel::local {

namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kTick(20);
constexpr std::chrono::seconds kGrace(2);      ///< From SIGTERM to SIGKILL.
constexpr std::size_t kErrorTailBytes = 2048;  ///< Of standard error, for the message.
constexpr std::size_t kProgressLineMax = 65536;

/// The lines of a stream that arrives in pieces.
class ProgressLines {
  public:
    explicit ProgressLines(const JobProgress& progress) : progress_(progress) {}

    std::string& unread() { return unread_; }

    /// Hands on the complete lines that are JSON objects; anything else a job prints is dropped.
    void hand_on() {
        std::size_t begin = 0;
        for (auto end = unread_.find('\n'); end != std::string::npos;
             end = unread_.find('\n', begin)) {
            tell(unread_.substr(begin, end - begin));
            begin = end + 1;
        }
        unread_.erase(0, begin);
        if (unread_.size() > kProgressLineMax) {
            unread_.clear();
        }
    }

  private:
    void tell(const std::string& line) const {
        if (!progress_ || !line.starts_with('{')) {
            return;
        }
        const auto parsed = parse_json(line);
        if (parsed && parsed->is_object()) {
            progress_(line);
        }
    }

    const JobProgress& progress_;
    std::string unread_;
};

struct Run {
    Ending ending;
    std::string error_tail;
    bool cancelled = false;
};

/// SIGTERM at the first tick after `stop`, SIGKILL when the grace is over.
class Canceller {
  public:
    Canceller(Child& child, const std::atomic<bool>& stop) : child_(child), stop_(stop) {}

    void tick() {
        if (!asked_at_ && stop_.load()) {
            asked_at_ = monotonic_now();
            child_.signal(SIGTERM);
        } else if (asked_at_ && monotonic_now() - *asked_at_ > kGrace) {
            child_.signal(SIGKILL);
        }
    }

    [[nodiscard]] bool asked() const { return asked_at_.has_value(); }

  private:
    Child& child_;
    const std::atomic<bool>& stop_;
    std::optional<std::chrono::steady_clock::time_point> asked_at_;
};

Run follow(Child& child, const JobProgress& progress, const std::atomic<bool>& stop) {
    Run run;
    ProgressLines lines(progress);
    Canceller canceller(child, stop);
    while (!child.ended()) {
        canceller.tick();
        child.wait(kTick, lines.unread(), run.error_tail);
        lines.hand_on();
        if (run.error_tail.size() > kErrorTailBytes) {
            run.error_tail.erase(0, run.error_tail.size() - kErrorTailBytes);
        }
    }
    run.ending = child.ending();
    run.cancelled = canceller.asked();
    return run;
}

std::optional<std::string> read_file(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        return std::nullopt;
    }
    return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

/// The error the job wrote down; nothing when it did not come to that.
std::optional<Error> told_error(const fs::path& out) {
    const auto text = read_file(out / "error.json");
    const auto told = text ? parse_json(*text) : Result<Json>(not_found("no error.json"));
    if (!told) {
        return std::nullopt;
    }
    const auto name = string_field(*told, "code");
    const auto message = string_field(*told, "message");
    if (!name || !message) {
        return std::nullopt;
    }
    for (const Code code : kAllCodes) {
        if (name_of(code) == *name) {
            return make_error(code, *message);
        }
    }
    return std::nullopt;
}

std::string tail_text(const std::string& tail) {
    const auto text = trim(tail);
    return text.empty() ? "nothing on standard error" : printable(text);
}

Error error_of(const Run& run, const fs::path& out) {
    if (WIFSIGNALED(run.ending.status)) {
        const int number = WTERMSIG(run.ending.status);
        const char* name = sigabbrev_np(number);
        return internal_error(fmt::format(
            "The job was killed by a signal{}: SIG{}, {}",
            number == SIGKILL ? " (is the memory short?)" : "",
            name == nullptr ? std::to_string(number) : name,
            tail_text(run.error_tail)
        ));
    }
    if (auto told = told_error(out)) {
        return std::move(*told);
    }
    const int status = WEXITSTATUS(run.ending.status);
    Code code = Code::Internal;
    for (const Code candidate : kAllCodes) {
        code = exit_code(candidate) == status ? candidate : code;
    }
    return make_error(
        code, fmt::format("The job failed: exit code {}, {}", status, tail_text(run.error_tail))
    );
}

Result<void> make_ready(const JobSpec& job, const fs::path& out, const fs::path& spec) {
    std::error_code failed;
    fs::remove_all(out, failed);
    if (!failed) {
        fs::create_directories(out, failed);
    }
    std::ofstream file(spec, std::ios::binary | std::ios::trunc);
    file << job.spec.text << std::flush;
    if (failed || !file) {
        return make_error(
            Code::Unavailable,
            fmt::format(
                "A job's folder cannot be written; check its disk and rights: {}: {}",
                out.string(),
                failed ? failed.message() : "its spec was not written"
            )
        );
    }
    return {};
}

class LocalFleet final : public Fleet {
  public:
    explicit LocalFleet(fs::path program) : program_(std::move(program)) {}

    Result<JobResult> run(
        const JobSpec& job,
        const fs::path& out,
        const JobProgress& progress,
        const std::atomic<bool>& stop
    ) override {
        const auto spec = fs::path(out.string() + ".spec.json");
        TRY(make_ready(job, out, spec).within("job " + job.kind));
        auto result = run_process(job, {.spec = spec, .out = out}, progress, stop);
        std::error_code ignored;
        fs::remove(spec, ignored);
        return std::move(result).within("job " + job.kind);
    }

  private:
    struct Places {
        fs::path spec;
        fs::path out;
    };

    Result<JobResult> run_process(
        const JobSpec& job,
        const Places& places,
        const JobProgress& progress,
        const std::atomic<bool>& stop
    ) const {
        if (stop.load()) {
            return make_error(Code::Cancelled, "The job was cancelled");
        }
        auto child =
            TRY(Child::start({program_, "job", job.kind, "--spec", places.spec, "--out", places.out}
            ));
        const Run run = follow(child, progress, stop);
        if (run.cancelled) {
            return make_error(Code::Cancelled, "The job was cancelled");
        }
        if (!WIFEXITED(run.ending.status) || WEXITSTATUS(run.ending.status) != 0) {
            return error_of(run, places.out);
        }
        auto text = read_file(places.out / "result.json");
        if (!text || !parse_json(*text)) {
            return internal_error(fmt::format(
                "The job ended without a readable result.json: {}", tail_text(run.error_tail)
            ));
        }
        return JobResult{
            .result = {std::move(*text)},
            .out = places.out,
            .cpu_seconds = run.ending.cpu_seconds,
            .peak_rss_bytes = run.ending.peak_rss_bytes,
        };
    }

    fs::path program_;
};

}  // namespace

std::unique_ptr<Fleet> make_fleet(fs::path program) {
    return std::make_unique<LocalFleet>(std::move(program));
}

}  // namespace flywheel::local
