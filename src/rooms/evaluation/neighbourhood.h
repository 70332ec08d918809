#pragma once
// SPDX-License-Identifier: Apache-2.0
// Neighbourhood: the rows of a dataset that a version of the model sees nearest to a text, by the
// cosine of its embeddings: which examples speak for an answer. Embeddings of the rows are computed
// once a version and dataset and kept (halves: 256 bytes a row for 128 places), those of the newest
// pair only. Any thread (one mutex inside); called by the gateway's slow routes.

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ports/engine/engine.h"
#include "ports/vault/vault.h"
#include "records/model_version.h"

namespace flywheel::evaluation {

struct NearRow {
    std::size_t row = 0;  ///< Place in the rows that were given.
    float cosine = 0;
};

class Neighbourhood {
  public:
    Neighbourhood(const Vault& vault, const Engine& engine) : vault_(vault), engine_(engine) {}

    /// The `count` rows nearest to `text`, nearest first. `texts` are those of `dataset`, the same
    /// in the same order each time. Unsupported when the version has no embedding.
    Result<std::vector<NearRow>> nearest(
        const ModelVersion& version,
        const Digest& dataset,
        const std::vector<std::string_view>& texts,
        std::string_view text,
        std::size_t count
    );

  private:
    const Vault& vault_;
    const Engine& engine_;
    std::mutex mutex_;
    Digest artefact_;  // whose embeddings these are
    Digest dataset_;
    std::shared_ptr<const Model> model_;
    std::size_t places_ = 0;
    std::vector<std::uint16_t> halves_;  // rows x places
};

}  // namespace flywheel::evaluation
