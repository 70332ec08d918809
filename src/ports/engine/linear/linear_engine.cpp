// SPDX-License-Identifier: Apache-2.0
#include "ports/engine/linear/linear_engine.h"

#include <algorithm>
#include <cmath>

#include "ports/engine/linear/artefact.h"
#include "ports/engine/linear/fit.h"
#include "ports/engine/linear/linear_model.h"
#include "ports/engine/linear/settings.h"

namespace flywheel::linear {

namespace {

class LinearEngine final : public Engine {
  public:
    [[nodiscard]] std::string_view name() const override { return "linear"; }

    Result<FittedModel> fit(
        const TrainingSet& set,
        const EngineSettings& settings,
        std::uint64_t seed,
        const FitObserver& observer
    ) const override {
        return fit_model(set, TRY(parse_settings(settings)), seed, observer);
    }

    Result<std::string> pack(std::string_view weights) const override {
        return to_bytes(packed(TRY(from_bytes(weights))));
    }

    Result<std::shared_ptr<const Model>> load(std::string_view artefact) const override {
        return std::shared_ptr<const Model>(std::make_shared<LinearModel>(TRY(from_bytes(artefact)))
        );
    }

    [[nodiscard]] std::vector<EngineSettings> suggest(std::uint64_t seed, int count)
        const override {
        std::vector<EngineSettings> list;
        for (const Settings& settings : suggest_settings(seed, count)) {
            list.push_back(to_json(settings));
        }
        return list;
    }

    /// A share of the passes, at least one. Settings that cannot be read stay as they are: the fit
    /// names what is wrong with them.
    [[nodiscard]] EngineSettings at_effort(const EngineSettings& settings, double effort)
        const override {
        auto read = parse_settings(settings);
        if (!read) {
            return settings;
        }
        const double share = std::clamp(effort, 0.0, 1.0);
        const auto epochs = std::llround(static_cast<double>(read->epochs) * share);
        read->epochs = std::max<std::int64_t>(1, epochs);
        return to_json(*read);
    }
};

}  // namespace

std::unique_ptr<Engine> make_engine() {
    return std::make_unique<LinearEngine>();
}

}  // namespace flywheel::linear
