#pragma once
// SPDX-License-Identifier: Apache-2.0
// Erasing a subject from a whole project, and the proof: afterwards every store is read again and
// looked through for the subject and for pieces of the payloads that went. Called by /v1/erase and
// with it by `flywheel erase`; one erasure at a time, any thread.

#include <cstdint>
#include <string>
#include <vector>

#include "app/project.h"
#include "base/json.h"
#include "base/result.h"

namespace flywheel::app {

/// What a look through one store found.
struct StoreProof {
    std::string store;  ///< "journal", "columns", "ledger", "vault", "other files".
    std::uint64_t bytes = 0;
    std::uint64_t found = 0;  ///< Pieces that stand there still; 0 is the proof.
};

/// Erases, then proves. Unavailable when a disk refuses: call it again, it goes on.
/// {"subject", "until", "rows", "feedback", "files", "payloads", "shared_payloads",
/// "examples_cleared", "examples_imported", "proof": [{"store", "bytes", "found"}], "proven",
/// "stays": [sentences]}.
Result<Json> erase_subject(Project& project, const std::string& subject);

/// Looks through all stores of a project for `traces`, each EraseReport::kTraceBytes long, and for
/// rows of the subject of the report.
Result<std::vector<StoreProof>> prove_erased(Project& project, const EraseReport& report);

}  // namespace flywheel::app
