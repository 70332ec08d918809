#pragma once
// SPDX-License-Identifier: Apache-2.0
// The fleet runs jobs elsewhere: `flywheel job KIND --spec FILE --out DIR`. A job reads its spec
// and the files it names, writes its result folder, prints progress as JSON lines, and touches no
// ledger. Adapters: local (subprocess of low priority), and JobTable::run_here for turn tests.

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "base/result.h"
#include "records/field.h"

namespace flywheel {

struct JobSpec {
    std::string kind;  ///< "tune", "train", ...
    JsonText spec;     ///< Canonical JSON: settings and the paths or digests of inputs.
};

struct JobResult {
    JsonText result;            ///< result.json of the job.
    std::filesystem::path out;  ///< Its folder with the files it made; the caller removes it.
    double cpu_seconds = 0;
    std::int64_t peak_rss_bytes = 0;
};

/// One progress line (a JSON object as text).
using JobProgress = std::function<void(const std::string& line)>;

class Fleet {
  public:
    Fleet() = default;
    Fleet(const Fleet&) = delete;
    Fleet& operator=(const Fleet&) = delete;
    virtual ~Fleet() = default;

    /// Runs the job to its end in `out` (created, emptied first). Cancelled when `stop` becomes
    /// true; the job's own error comes back with its code. Blocks the caller.
    virtual Result<JobResult> run(
        const JobSpec& job,
        const std::filesystem::path& out,
        const JobProgress& progress,
        const std::atomic<bool>& stop
    ) = 0;
};

/// What a job body is given; it returns its result.json (as text).
struct JobContext {
    std::string spec;           ///< JSON text.
    std::filesystem::path out;  ///< Exists and is empty.
    JobProgress progress;
    const std::atomic<bool>* stop = nullptr;
};

using JobBody = std::function<Result<std::string>(const JobContext&)>;

/// The bodies by kind; made by app/, used by `flywheel job` and by tests that run jobs in process.
using JobTable = std::map<std::string, JobBody, std::less<>>;

/// Runs a job in this process, with the same folder and result as a subprocess would give.
class InProcessFleet final : public Fleet {
  public:
    explicit InProcessFleet(JobTable table) : table_(std::move(table)) {}

    Result<JobResult> run(
        const JobSpec& job,
        const std::filesystem::path& out,
        const JobProgress& progress,
        const std::atomic<bool>& stop
    ) override;

  private:
    JobTable table_;
};

/// Runs one body: makes `out`, calls it, writes result.json there. Used by InProcessFleet and
/// `flywheel job`.
Result<std::string> run_job_body(const JobTable& table, const JobSpec& job, JobContext context);

}  // namespace flywheel
