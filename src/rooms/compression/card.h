#pragma once
// SPDX-License-Identifier: Apache-2.0
// The model card of one version: Markdown with the front matter that model hubs read. Every number
// in it stands in the ledger; what nobody stated is said to be not stated.

#include <string>

#include "records/model_version.h"
#include "records/training_run.h"

namespace flywheel::compression {

[[nodiscard]] std::string model_card(
    const ModelVersion& version, const TrainingRun& run, const std::string& licence
);

/// Of a version that was made elsewhere: nothing is known of its data.
[[nodiscard]] std::string import_card(
    const ModelVersion& version, const std::string& origin, const std::string& licence
);

}  // namespace flywheel::compression
