#pragma once
// SPDX-License-Identifier: Apache-2.0
// The vault as a folder: objects/ab/cdef... named by SHA-256, read-only files. Made by app/. Any
// thread and any number of processes may call; a blob is there whole or not at all.

#include <filesystem>
#include <memory>

#include "ports/vault/vault.h"

namespace flywheel::folder {

/// Opens or makes the vault in `root` and removes what interrupted writers left behind, unless they
/// are still at work. Unavailable when the folder cannot be made or written.
Result<std::unique_ptr<Vault>> open(const std::filesystem::path& root);

}  // namespace flywheel::folder
