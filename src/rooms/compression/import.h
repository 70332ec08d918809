#pragma once
// SPDX-License-Identifier: Apache-2.0
// An artefact that was made elsewhere (a file of the user's, one sent to the model repository), on
// its way to a ModelVersion: Compression::import_version takes it. Plain values, one call.

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "ports/engine/engine.h"

namespace flywheel::compression {

struct ImportedArtefact {
    std::string model;
    std::int64_t number = 0;          ///< Wanted by the caller; 0 = the next one of the model.
    const Engine* engine = nullptr;   ///< The one that will serve it; it must load the artefact.
    std::string artefact;             ///< Its bytes, kept as they are.
    std::vector<std::string> labels;  ///< Class names in class order; empty for any tensors.
    std::string card;                 ///< Markdown; "" = one is made that states what is known.
    std::string licence;              ///< For a card that is made; "" = not stated.
    std::string origin;  ///< Where it came from: "file resnet.onnx", "repository load".
    std::string who;
    Time now;
};

/// Versions have numbers up to here, so that the next one always has one too.
inline constexpr std::int64_t kGreatestVersion = 1'000'000'000;

/// 1 to 64 letters, digits, '-', '_' or '.', and not "." or "..": what may stand in a URL, a folder
/// and a metric.
[[nodiscard]] bool is_model_name(std::string_view name);

}  // namespace flywheel::compression
