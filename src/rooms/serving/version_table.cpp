// SPDX-License-Identifier: Apache-2.0
#include "rooms/serving/version_table.h"

#include <algorithm>

#include <fmt/format.h>

namespace flywheel::serving {

namespace {

std::int64_t number_of(const VersionPointer& version) {
    return version ? version->number : 0;
}

}  // namespace

Error unknown_model(std::string_view model) {
    return not_found(fmt::format("Request for unknown model: '{}' is not found", model));
}

VersionPointer ModelEntry::find(std::string_view version) const {
    for (const auto& [label, pointer] :
         {std::pair<std::string_view, const VersionPointer&>{"stable", stable},
          {"canary", canary},
          {"previous", previous},
          {"shadow", shadow}}) {
        if (version == label) {
            return pointer;
        }
    }
    for (const auto& [number, pointer] : loaded) {
        if (pointer->number_text == version) {
            return pointer;
        }
    }
    return nullptr;
}

VersionPointer ModelEntry::numbered(std::int64_t number) const {
    const auto found = loaded.find(number);
    return found == loaded.end() ? nullptr : found->second;
}

bool ModelEntry::knows(std::string_view version) const {
    return version == "stable" || version == "canary" || version == "previous" ||
           version == "shadow" || std::any_of(known.begin(), known.end(), [&](auto number) {
               return std::to_string(number) == version;
           });
}

void ModelEntry::drop(std::int64_t number) {
    std::erase_if(leaving, [](const auto& one) { return one.second.expired(); });
    const auto found = loaded.find(number);
    if (found != loaded.end()) {
        leaving.emplace_back(number, found->second);
        loaded.erase(found);
    }
}

ModelStatus ModelEntry::status(const std::string& model) const {
    ModelStatus status;
    status.model = model;
    status.stable = number_of(stable);
    status.canary = number_of(canary);
    status.previous = number_of(previous);
    status.shadow = number_of(shadow);
    status.share = split ? split->share : mirror ? mirror->share : 0;
    status.known = known;
    status.counts = counts;
    status.reasons = reasons;
    status.corrected = stable && stable->mix_measured;
    status.swaps = swaps;
    status.swap_failures = swap_failures;
    status.loads = loads;
    status.swap_time = swap_time;
    status.unsticky = totals->unsticky;
    status.shadow_dropped = totals->shadow_dropped;
    status.reason = reason;
    status.unloaded = unloaded;
    status.loading = loading;
    for (const auto& [number, version] : leaving) {
        if (!version.expired()) {
            status.leaving.push_back(number);
        }
    }
    for (const auto& [number, version] : loaded) {
        status.loaded.push_back(version);
        status.memory_bytes += version->weights->memory_bytes();
    }
    status.served = stable;
    status.before = previous;
    return status;
}

}  // namespace flywheel::serving
