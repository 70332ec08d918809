#pragma once
// SPDX-License-Identifier: Apache-2.0
// FaultyVault: a vault whose call number n fails (see ports/fault_plan.h). For fault tests only; as
// many threads as the vault inside. Counted are put, get, has and path_of.

#include <utility>

#include "ports/fault_plan.h"
#include "ports/vault/vault.h"

namespace flywheel {

class FaultyVault final : public Vault {
  public:
    /// `inner` must outlive it.
    FaultyVault(Vault& inner, FaultPlan plan) : inner_(inner), plan_(std::move(plan)) {}

    Result<Digest> put(std::string_view bytes) override {
        return plan_.guard([&] { return inner_.put(bytes); });
    }

    Result<std::string> get(const Digest& digest) const override {
        return plan_.guard([&] { return inner_.get(digest); });
    }

    Result<bool> has(const Digest& digest) const override {
        return plan_.guard([&] { return inner_.has(digest); });
    }

    Result<std::filesystem::path> path_of(const Digest& digest) const override {
        return plan_.guard([&] { return inner_.path_of(digest); });
    }

  private:
    Vault& inner_;
    FaultPlan plan_;
};

}  // namespace flywheel
