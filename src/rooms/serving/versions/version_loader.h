#pragma once
// SPDX-License-Identifier: Apache-2.0
// Makes a ServedVersion out of a ModelVersion: artefact from the vault (which checks its digest),
// loaded by the engine, its classes checked, warmed up. Private to the room; any thread.

#include <map>
#include <memory>
#include <string>

#include "base/result.h"
#include "ports/engine/engines.h"
#include "ports/ledger/ledger.h"
#include "ports/recorder.h"
#include "ports/vault/vault.h"
#include "records/correction.h"
#include "records/model_version.h"
#include "rooms/serving/batching/batch_threads.h"
#include "rooms/serving/versions/load_thread.h"
#include "rooms/serving/versions/served_version.h"

namespace flywheel::serving {

class VersionLoader {
  public:
    struct Plan {
        double prior_discount = 0.25;
        const CapturedRows* captured = nullptr;  ///< Warms versions up; null = texts and zeros.
        BatchLimits batching;                    ///< Of models that run in batches.
        std::map<std::string, BatchLimits> model_batching;  ///< By model, where it is another.
        const LoadThread* watch = nullptr;  ///< Is told when weights are freed; null = nobody is.
    };

    VersionLoader(
        Reader<Correction> corrections,
        const Vault& vault,
        Engines engines,
        const BatchThreads& batches,
        Plan plan
    );

    /// Warm, with its newest correction; `counts` go on.
    Result<std::shared_ptr<ServedVersion>> load(
        const ModelVersion& record, std::shared_ptr<ServedCounts> counts
    ) const;
    /// `version` with the newest correction of its number: itself when it has that already.
    Result<std::shared_ptr<const ServedVersion>> corrected(
        std::shared_ptr<const ServedVersion> version
    ) const;

  private:
    [[nodiscard]] const BatchLimits& batching_of(const std::string& model) const;

    Reader<Correction> corrections_;
    const Vault& vault_;
    Engines engines_;
    const BatchThreads& batches_;
    Plan plan_;
};

}  // namespace flywheel::serving
