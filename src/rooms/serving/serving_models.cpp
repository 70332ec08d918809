// SPDX-License-Identifier: Apache-2.0
// Serving's models as a repository: what is known and loaded, loading and unloading by hand.
#include <algorithm>

#include <fmt/format.h>

#include "base/log.h"
#include "rooms/serving/serving.h"

namespace flywheel::serving {

/// Exchanges the table for one in which this model is changed.
void Serving::change(const std::string& model, const std::function<void(ModelEntry&)>& change) {
    const std::scoped_lock lock(writing_);
    auto next = std::make_shared<VersionTable>(*table_.load());
    change((*next)[model]);
    table_.store(std::move(next));
}

Result<void> Serving::load_model(const std::string& model) {
    if (!TRY(rollouts_.first(Where<Rollout>().eq(&Rollout::model, model))) &&
        !plan_.policies.contains(model)) {
        if (TRY(versions_.count(Where<ModelVersion>().eq(&ModelVersion::model, model))) == 0) {
            return unknown_model(model);
        }
        return invalid_argument(fmt::format(
            "Model has no released version; promote one: `flywheel model promote`: '{}'", model
        ));
    }
    if (auto loaded = follow(model, Reach::All, Unloaded::LoadsAgain); !loaded) {
        return invalid_argument(
            fmt::format("Model cannot be loaded: '{}': {}", model, loaded.error().message)
        );
    }
    return {};
}

Result<void> Serving::unload_model(const std::string& model) {
    if (!table_.load()->contains(model)) {
        return unknown_model(model);
    }
    change(model, [](ModelEntry& entry) {
        for (VersionPointer* label :
             {&entry.stable, &entry.canary, &entry.previous, &entry.shadow}) {
            label->reset();
        }
        entry.split.reset();
        entry.mirror.reset();
        while (!entry.loaded.empty()) {
            entry.drop(entry.loaded.begin()->first);
        }
        entry.prepared = 0;
        entry.unloaded = true;
        ++entry.unloads;
    });
    load_thread_.trim();
    log_info("model unloaded", {{"model", model}});
    return {};
}

ModelStatus Serving::status_of(const std::string& model, const ModelEntry& entry) const {
    ModelStatus status = entry.status(model);
    if (const auto found = plan_.policies.find(model); found != plan_.policies.end()) {
        status.policy = found->second;
    }
    return status;
}

Result<ModelStatus> Serving::status(std::string_view model) const {
    const auto table = table_.load();
    const auto found = table->find(model);
    if (found == table->end()) {
        return unknown_model(model);
    }
    return status_of(found->first, found->second);
}

std::vector<ModelStatus> Serving::status() const {
    std::vector<ModelStatus> all;
    const auto table = table_.load();
    for (const auto& [model, entry] : *table) {
        all.push_back(status_of(model, entry));
    }
    return all;
}

}  // namespace flywheel::serving
