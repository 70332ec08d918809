// SPDX-License-Identifier: Apache-2.0
// Serving's models as a repository: what is known and loaded, loading and unloading by hand.
#include <algorithm>

#include <fmt/format.h>

#include "base/log.h"
#include "rooms/serving/serving.h"

namespace flywheel::serving {

namespace {

Error unknown_model(std::string_view model) {
    // The wording clients look for.
    return not_found(fmt::format("Request for unknown model: '{}' is not found", model));
}

}  // namespace

Serving::VersionPointer Serving::Entry::loaded(std::int64_t number) const {
    for (const VersionPointer& have : {stable, previous}) {
        if (have && have->number == number) {
            return have;
        }
    }
    return nullptr;
}

Result<void> Serving::load_model(const std::string& model) {
    if (!TRY(rollouts_.first(Where<Rollout>().eq(&Rollout::model, model)))) {
        return unknown_model(model);
    }
    if (auto loaded = follow(model, true); !loaded) {
        return invalid_argument(
            fmt::format("Model cannot be loaded: '{}': {}", model, loaded.error().message)
        );
    }
    return {};
}

Result<void> Serving::unload_model(const std::string& model) {
    const std::scoped_lock lock(refreshing_);
    auto next = std::make_shared<Table>(*table_.load());
    const auto found = next->find(model);
    if (found == next->end()) {
        return unknown_model(model);
    }
    Entry& entry = found->second;
    std::erase_if(entry.leaving, [](const auto& one) { return one.second.expired(); });
    for (VersionPointer* version : {&entry.stable, &entry.previous}) {
        if (*version) {
            entry.leaving.emplace_back((*version)->number, *version);
            version->reset();
        }
    }
    entry.unloaded = true;
    table_.store(std::move(next));
    log_info("model unloaded", {{"model", model}});
    return {};
}

ModelStatus Serving::status_of(const std::string& model, const Entry& entry) {
    ModelStatus status;
    status.model = model;
    status.known = entry.known;
    status.counts = entry.counts;
    status.swaps = entry.swaps;
    status.swap_failures = entry.swap_failures;
    status.reason = entry.reason;
    status.unloaded = entry.unloaded;
    status.loading = entry.loading;
    for (const auto& [number, version] : entry.leaving) {
        if (!version.expired()) {
            status.leaving.push_back(number);
        }
    }
    status.served = entry.stable;
    status.before = entry.previous;
    if (entry.stable) {
        status.stable = entry.stable->number;
        status.corrected = entry.stable->mix_measured;
        status.memory_bytes += entry.stable->weights->memory_bytes();
    }
    if (entry.previous) {
        status.previous = entry.previous->number;
        status.memory_bytes += entry.previous->weights->memory_bytes();
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
