// SPDX-License-Identifier: Apache-2.0
#include "app/imports/imported_models.h"

#include <algorithm>
#include <cmath>
#include <thread>

#include "app/screen.h"
#include "base/log.h"
#include "ports/engine/worker/worker_engine.h"

namespace flywheel::app {

std::unique_ptr<Engine> make_openvino(
    const WorkerSettings& settings, const std::filesystem::path& program
) {
    constexpr double kMs = 1000;
    const auto cores = static_cast<int>(std::thread::hardware_concurrency());
    worker::EnginePlan plan;
    plan.name = "openvino";
    plan.program = "flywheel-openvino";
    plan.install =
        "run `tools/setup.sh openvino` and build again, or say in flywheel.toml (engines.folder) "
        "or FLYWHEEL_WORKERS where it stands";
    const std::filesystem::path beside = program.empty() ? "" : program.parent_path();
    for (const auto& folder :
         {std::filesystem::path(settings.folder),
          beside,
          std::filesystem::path(environment("FLYWHEEL_WORKERS"))}) {
        if (!folder.empty()) {
            plan.folders.push_back(folder);
        }
    }
    plan.worker.process.lanes = settings.lanes;
    plan.worker.process.threads = settings.threads > 0 ? settings.threads : std::max(1, cores / 2);
    plan.worker.process.memory_max = static_cast<std::uint64_t>(settings.memory_gib * 0x1.0p30);
    plan.worker.process.shared_memory_max =
        static_cast<std::uint64_t>(settings.shared_memory_mib * 0x1.0p20);
    plan.worker.call_max = std::chrono::milliseconds(std::llround(settings.call_seconds * kMs));
    return worker::make_engine(std::move(plan));
}

Result<void> load_served(serving::Serving& serving, const std::string& own) {
    const auto all = serving.load_served();
    if (all) {
        return {};
    }
    log_error("not everything is served", {{"error", all.error().message}});
    auto mine = serving.refresh(own);
    const bool refused = !mine && mine.error().code == Code::Unavailable;
    return refused ? std::move(mine) : Result<void>();
}

}  // namespace flywheel::app
