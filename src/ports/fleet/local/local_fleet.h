#pragma once
// SPDX-License-Identifier: Apache-2.0
// The fleet on this machine: each job is a process of low priority. Made by app/. Any thread may
// call; jobs of several threads run side by side. A job dies with the thread that runs it, so that
// kill -9 of the server leaves no orphan at work.

#include <filesystem>
#include <memory>

#include "ports/fleet/fleet.h"

namespace flywheel::local {

/// Jobs run as `program job KIND --spec FILE --out DIR`. The spec stands beside the folder as
/// DIR.spec.json while the job runs. A job that fails leaves error.json (run_job_body writes it);
/// its code comes back. Without one the exit code tells the kind. Internal, with the signal's name,
/// when it was killed.
[[nodiscard]] std::unique_ptr<Fleet> make_fleet(std::filesystem::path program);

}  // namespace flywheel::local
