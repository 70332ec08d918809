// SPDX-License-Identifier: Apache-2.0
#include "ports/fleet/fleet.h"

#include <exception>
#include <fstream>

#include <fmt/format.h>
#include <sys/resource.h>

#include "base/json_value.h"

namespace flywheel {

namespace {

namespace fs = std::filesystem;

Error cannot_write(const fs::path& path, const std::string& why) {
    return make_error(
        Code::Unavailable,
        fmt::format(
            "A job's folder cannot be written; check its disk and rights: {}: {}",
            path.string(),
            why
        )
    );
}

Result<void> make_empty(const fs::path& out) {
    std::error_code failed;
    fs::remove_all(out, failed);
    if (!failed) {
        fs::create_directories(out, failed);
    }
    if (failed) {
        return cannot_write(out, failed.message());
    }
    return {};
}

Result<void> write_file(const fs::path& path, const std::string& text) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << text << std::flush;
    if (!file) {
        return cannot_write(path, "writing failed");
    }
    return {};
}

Result<std::string> call_body(const JobBody& body, const JobContext& context) {
    // A body may use vendors' code; nothing that it throws may pass a job's door.
    try {
        return body(context);
    } catch (const std::bad_alloc&) {
        return make_error(Code::Exhausted, "No memory left for the job");
    } catch (const std::exception& error) {
        return internal_error(fmt::format("The job ended by an exception: {}", error.what()));
    }
}

Result<std::string> run_in(const JobTable& table, const JobSpec& job, const JobContext& context) {
    const auto found = table.find(job.kind);
    if (found == table.end()) {
        return invalid_argument(fmt::format("Unknown kind of job: '{}'", job.kind));
    }
    TRY(parse_json(context.spec).within("job spec"));
    auto result = TRY(call_body(found->second, context));
    TRY(parse_json(result).within("job result"));
    TRY(write_file(context.out / "result.json", result));
    return result;
}

std::int64_t own_peak_rss_bytes() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss * 1024;
}

}  // namespace

Result<std::string> run_job_body(const JobTable& table, const JobSpec& job, JobContext context) {
    TRY(make_empty(context.out));
    context.spec = job.spec.text;
    if (!context.progress) {
        context.progress = [](const std::string& /*line*/) {};
    }
    auto result = run_in(table, job, context);
    if (!result) {
        const auto& error = result.error();
        const Json told = {{"code", name_of(error.code)}, {"message", error.message}};
        // When even this cannot be written, the exit code still tells the kind of the first error.
        static_cast<void>(write_file(context.out / "error.json", canonical(told)));
    }
    return result;
}

Result<JobResult> InProcessFleet::run(
    const JobSpec& job,
    const std::filesystem::path& out,
    const JobProgress& progress,
    const std::atomic<bool>& stop
) {
    const double before = process_cpu_seconds();
    JobContext context{.spec = {}, .out = out, .progress = progress, .stop = &stop};
    auto result = TRY(run_job_body(table_, job, std::move(context)).within("job " + job.kind));
    return JobResult{
        .result = {std::move(result)},
        .out = out,
        .cpu_seconds = process_cpu_seconds() - before,
        .peak_rss_bytes = own_peak_rss_bytes(),
    };
}

}  // namespace flywheel
