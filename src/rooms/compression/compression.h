#pragma once
// SPDX-License-Identifier: Apache-2.0
// Compression: turns a finished TrainingRun into a servable ModelVersion: packs (int8), verifies
// the packed model against the float one on held rows, writes the card. Every servable model passes
// here. Called by loop/, one thread.

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "ports/engine/engine.h"
#include "ports/ledger/ledger.h"
#include "ports/vault/vault.h"
#include "records/model_version.h"
#include "records/training_run.h"

namespace flywheel::compression {

struct Plan {
    std::string model;
    std::vector<std::string> labels;  ///< Class names in class order.
    std::vector<double> prior;        ///< [K] class shares of the training rows.
    std::vector<std::string>
        held_texts;  ///< Rows that did not train; what packed and float are compared on.
    double agreement_min =
        0.99;             ///< Below this share of equal labels the float weights are served.
    std::string licence;  ///< For the card; "" = not stated.
    Time now;
};

class Compression {
  public:
    Compression(const Engine& engine, Vault& vault, Writer<ModelVersion> versions);

    /// A second run for the same TrainingRun finds the first one's version.
    Result<ModelVersion> pack(const Plan& plan, const TrainingRun& run);

  private:
    const Engine& engine_;
    Vault& vault_;
    Writer<ModelVersion> versions_;
};

}  // namespace flywheel::compression
