#pragma once
// SPDX-License-Identifier: Apache-2.0
// Engines: those that this program has, by name. Made by the composition root, which owns them;
// given to whoever loads models of any engine. Immutable, any thread.

#include <initializer_list>
#include <string_view>
#include <vector>

#include "ports/engine/engine.h"

namespace flywheel {

class Engines {
  public:
    /// One engine is a table, too.
    Engines(const Engine& only) : engines_{&only} {}  // NOLINT: implicit on purpose

    Engines(std::initializer_list<const Engine*> engines) : engines_(engines) {}

    /// Unsupported names those that are here.
    [[nodiscard]] Result<const Engine*> named(std::string_view name) const;

    [[nodiscard]] std::vector<std::string_view> names() const;

  private:
    std::vector<const Engine*> engines_;
};

}  // namespace flywheel
