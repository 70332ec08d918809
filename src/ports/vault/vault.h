#pragma once
// SPDX-License-Identifier: Apache-2.0
// The vault: blobs by content (weights, dataset rows, cards). Adapters: folder. Any thread may
// call.

#include <filesystem>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/result.h"

namespace flywheel {

class Vault {
  public:
    Vault() = default;
    Vault(const Vault&) = delete;
    Vault& operator=(const Vault&) = delete;
    virtual ~Vault() = default;

    /// Stores the bytes durably under their SHA-256; the same bytes again cost a look-up.
    virtual Result<Digest> put(std::string_view bytes) = 0;
    /// NotFound when it is not there; Corrupt when the bytes do not match their digest.
    virtual Result<std::string> get(const Digest& digest) const = 0;
    virtual Result<bool> has(const Digest& digest) const = 0;
    /// A file of this content that a job may open read-only; lives as long as the blob.
    virtual Result<std::filesystem::path> path_of(const Digest& digest) const = 0;
};

}  // namespace flywheel
