// SPDX-License-Identifier: Apache-2.0
#include "rooms/serving/serving.h"

#include <utility>

#include <fmt/format.h>

namespace flywheel::serving {

namespace {

constexpr std::size_t kRowsInAnId = 65'536;

}  // namespace

Serving::Serving(
    Reader<Rollout> rollouts,
    Reader<ModelVersion> versions,
    Reader<Correction> corrections,
    const Vault& vault,
    Engines engines,
    Recorder& recorder,
    const Clock& clock,
    Plan plan
)
    : rollouts_(rollouts),
      versions_(versions),
      loader_(
          corrections,
          vault,
          std::move(engines),
          batches_,
          {.prior_discount = plan.prior_discount,
           .captured = plan.captured,
           .batching = plan.batching,
           .model_batching = plan.model_batching,
           .watch = &load_thread_}
      ),
      recorder_(&recorder),
      clock_(&clock),
      plan_(std::move(plan)),
      table_(std::make_shared<const VersionTable>()),
      shadow_(recorder, clock) {
    CHECK(plan_.max_rows > 0 && plan_.max_rows <= kRowsInAnId);
}

Serving::~Serving() {
    stop();
}

Result<Chosen> Serving::choose(
    std::string_view model, std::string_view version, const SplitKey& head
) const {
    const auto table = table_.load();
    const auto found = table->find(model);
    if (found == table->end()) {
        return unknown_model(model);
    }
    const ModelEntry& entry = found->second;
    if (version.empty() && entry.stable) {
        Chosen chosen{entry.stable, Route::Stable, entry.split, entry.mirror};
        settle_by_head(chosen, head);
        return chosen;
    }
    if (auto pinned = version.empty() ? nullptr : entry.find(version)) {
        return Chosen{std::move(pinned), Route::Pinned};
    }
    if (version.empty() || entry.knows(version)) {
        return make_error(
            Code::Unavailable,
            fmt::format(
                "Version is not loaded: model '{}' version '{}'",
                model,
                version.empty() ? "stable" : version
            )
        );
    }
    return not_found(
        fmt::format("Request for unknown model: '{}' version '{}' is not found", model, version)
    );
}

Result<std::shared_ptr<const ServedVersion>> Serving::find(
    std::string_view model, std::string_view version
) const {
    return TRY(choose(model, version)).version;
}

}  // namespace flywheel::serving
