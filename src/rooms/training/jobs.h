#pragma once
// SPDX-License-Identifier: Apache-2.0
// The bodies of the jobs `tune` and `train`, and the pack file they read. Run by `flywheel job` in
// a process of its own, or in process by turn tests. They touch no ledger.

#include <filesystem>
#include <string>

#include "base/result.h"
#include "ports/engine/engine.h"
#include "ports/fleet/fleet.h"
#include "rooms/training/training.h"

namespace flywheel::training {

/// Writes the pack as JSON lines: a header {"pack":1,"classes":K}, then
/// {"x":text,"y":label,"w":weight,"g":group, "v":valid} and {"u":text}. The same pack gives the
/// same bytes.
Result<void> write_pack(const Pack& pack, const std::filesystem::path& file);
/// Corrupt names the line that does not fit.
Result<Pack> read_pack(const std::filesystem::path& file);

/// Spec {"pack","classes","seed","trials","checkpoint"}; result {"best":settings,"trials":[{...}]}.
[[nodiscard]] JobBody tune_job(const Engine& engine);
/// Spec {"pack","seed","settings"}; writes weights.safetensors; result
/// {"metrics":...,"settings":...}.
[[nodiscard]] JobBody train_job(const Engine& engine);

}  // namespace flywheel::training
