#pragma once
// SPDX-License-Identifier: Apache-2.0
// Compression: turns a finished TrainingRun into a servable ModelVersion: packs (int8), verifies
// the packed model against the float one on held rows, writes the card. Every servable model passes
// here, also one that was made elsewhere. pack() is called by loop/, import_version() by the
// gateway's slow routes and by commands; any thread (the ledger orders the writes).

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "ports/engine/engine.h"
#include "ports/ledger/ledger.h"
#include "ports/vault/vault.h"
#include "records/model_version.h"
#include "records/training_run.h"
#include "rooms/compression/import.h"

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
    /// A version out of an artefact that was made elsewhere, served as it is; it has no TrainingRun
    /// (zero id). The same bytes, engine and labels again find the version they made.
    /// InvalidArgument: name, number or labels; whatever the engine says of bytes it cannot load.
    /// Conflict: the number is another artefact's.
    Result<ModelVersion> import_version(const ImportedArtefact& artefact);

  private:
    const Engine& engine_;
    Vault& vault_;
    Writer<ModelVersion> versions_;
};

}  // namespace flywheel::compression
