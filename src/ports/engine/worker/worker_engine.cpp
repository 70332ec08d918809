// SPDX-License-Identifier: Apache-2.0
#include "ports/engine/worker/worker_engine.h"

#include <fmt/format.h>
#include <unistd.h>

#include "ports/engine/worker/bundle.h"
#include "ports/engine/worker/worker_model.h"

namespace flywheel::worker {

namespace {

class WorkerEngine final : public Engine {
  public:
    explicit WorkerEngine(EnginePlan plan) : plan_(std::move(plan)) {}

    [[nodiscard]] std::string_view name() const override { return plan_.name; }

    Result<FittedModel> fit(
        const TrainingSet& /*set*/,
        const EngineSettings& /*settings*/,
        std::uint64_t /*seed*/,
        const FitObserver& /*observer*/
    ) const override {
        return make_error(
            Code::Unsupported, "This engine runs models, it fits none: " + plan_.name
        );
    }

    /// What a user gave is served as it is.
    Result<std::string> pack(std::string_view weights) const override {
        return std::string(weights);
    }

    Result<std::shared_ptr<const Model>> load(std::string_view artefact) const override {
        TRY(read_bundle(artefact));
        WorkerPlan plan = plan_.worker;
        plan.process.program = TRY(find_program());
        return WorkerModel::start(plan, artefact);
    }

    [[nodiscard]] std::vector<EngineSettings> suggest(std::uint64_t /*seed*/, int /*count*/)
        const override {
        return {};
    }

    [[nodiscard]] EngineSettings at_effort(const EngineSettings& settings, double /*effort*/)
        const override {
        return settings;
    }

  private:
    Result<std::filesystem::path> find_program() const {
        std::string looked;
        for (const auto& folder : plan_.folders) {
            const auto program = folder / plan_.program;
            if (::access(program.c_str(), X_OK) == 0) {
                return program;
            }
            looked += (looked.empty() ? "" : ", ") + folder.string();
        }
        return make_error(
            Code::Unavailable,
            fmt::format(
                "Engine {} is not installed; {}: no {} in {}",
                plan_.name,
                plan_.install,
                plan_.program,
                looked
            )
        );
    }

    EnginePlan plan_;
};

}  // namespace

std::unique_ptr<Engine> make_engine(EnginePlan plan) {
    return std::make_unique<WorkerEngine>(std::move(plan));
}

}  // namespace flywheel::worker
