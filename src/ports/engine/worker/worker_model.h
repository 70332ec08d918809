#pragma once
// SPDX-License-Identifier: Apache-2.0
// WorkerModel: a model that a worker process runs, and the supervisor that starts the process
// again, with exponential back-off, when it crashed or hung. Meanwhile run() is Unavailable at
// once. Any thread may run it; one thread of its own looks after the process.

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "ports/engine/tensor_model.h"
#include "ports/engine/worker/worker_process.h"

namespace flywheel::worker {

class WorkerModel final : public TensorModel {
  public:
    /// Starts a worker and loads `artefact` in it. Errors of WorkerProcess::spawn() and open(): a
    /// model that does not load at first is not tried again.
    static Result<std::shared_ptr<const Model>> start(
        const WorkerPlan& plan, std::string_view artefact
    );
    WorkerModel(const WorkerModel&) = delete;
    WorkerModel& operator=(const WorkerModel&) = delete;
    ~WorkerModel() override;

    [[nodiscard]] const Signature& signature() const override { return signature_; }

    Result<std::vector<Tensor>> run(
        std::span<const TensorView> inputs, std::span<const std::size_t> wanted
    ) const override;

    /// Resident bytes of the process as it is now; 0 while there is none.
    [[nodiscard]] std::size_t memory_bytes() const override;

  private:
    using Worker = std::shared_ptr<WorkerProcess>;

    WorkerModel(const WorkerPlan& plan, Descriptor artefact, std::uint64_t size);

    Result<void> wait_for_first();
    /// The body of the supervisor's thread.
    void supervise();
    /// Spawns and loads; the worker is `coming_` while it loads.
    Result<Worker> start_worker();
    Result<void> adopt(const Loaded& loaded);
    void publish(Worker worker, std::string why);
    bool outlive(WorkerProcess& worker);
    /// False when the model is going.
    bool pause(std::chrono::milliseconds longest);

    WorkerPlan plan_;
    Descriptor artefact_;
    std::uint64_t size_;
    Descriptor wake_;  ///< Can be read when the model is going.
    Signature signature_;
    std::string signature_bytes_;  ///< As the first worker sent it.

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    Worker worker_;                      ///< Null while there is none.
    Worker coming_;                      ///< Being loaded.
    std::string why_;                    ///< There is none.
    std::optional<Result<void>> first_;  ///< How the first start went.
    bool going_ = false;
    std::thread supervisor_;
};

}  // namespace flywheel::worker
