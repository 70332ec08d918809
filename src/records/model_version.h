#pragma once
// SPDX-License-Identifier: Apache-2.0
// ModelVersion: one servable artefact, packed and verified. Written by the room compression only.

#include <cstdint>
#include <optional>
#include <string>

#include "records/field.h"
#include "records/training_run.h"

namespace flywheel {

struct ModelVersion {
    static constexpr std::string_view kTable = "model_version";

    Id<ModelVersion> id;
    std::string model;
    std::int64_t number = 0;          ///< 1, 2, 3, ... within the model; what the protocol shows.
    Id<TrainingRun> run;              ///< Zero: it was made elsewhere and imported.
    Digest dataset;                   ///< DatasetVersion it was trained on; zero = not known.
    std::string engine;               ///< "linear"
    Digest artefact;                  ///< Vault blob: packed safetensors (int8).
    Digest card;                      ///< Vault blob: model card, Markdown.
    std::vector<std::string> labels;  ///< Class names in class order.
    std::vector<double>
        prior;  ///< [K] class shares of the training rows (+1 smoothed); empty = not known.
    std::int64_t bytes = 0;  ///< Size of the artefact.
    JsonText verification;   ///< {"rows","label_agreement","max_abs_difference",...}
    Time created;

    static void fields(auto&& visit) {
        visit("id", &ModelVersion::id);
        visit("model", &ModelVersion::model);
        visit("number", &ModelVersion::number);
        visit("run", &ModelVersion::run);
        visit("dataset", &ModelVersion::dataset);
        visit("engine", &ModelVersion::engine);
        visit("artefact", &ModelVersion::artefact);
        visit("card", &ModelVersion::card);
        visit("labels", &ModelVersion::labels);
        visit("prior", &ModelVersion::prior);
        visit("bytes", &ModelVersion::bytes);
        visit("verification", &ModelVersion::verification);
        visit("created", &ModelVersion::created);
    }
};

extern template struct RecordCodec<ModelVersion>;

}  // namespace flywheel
