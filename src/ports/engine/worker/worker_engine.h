#pragma once
// SPDX-License-Identifier: Apache-2.0
// The door of an engine that runs models in worker processes: loading starts a process, see
// worker_model.h. It fits nothing. Made by the composition root; no state, any thread.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "ports/engine/engine.h"
#include "ports/engine/worker/worker_process.h"

namespace flywheel::worker {

struct EnginePlan {
    std::string name;     ///< "openvino"
    std::string program;  ///< "flywheel-openvino"
    std::vector<std::filesystem::path>
        folders;          ///< Where it may stand; the first that has it counts.
    std::string install;  ///< What to do when none has it.
    WorkerPlan worker;    ///< Its program is filled in.
};

[[nodiscard]] std::unique_ptr<Engine> make_engine(EnginePlan plan);

}  // namespace flywheel::worker
