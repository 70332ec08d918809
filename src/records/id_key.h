#pragma once
// SPDX-License-Identifier: Apache-2.0
// 8-byte keys of the ids that name captured rows: in the journal's index and in the columns'
// indexes of ids, where they stand for ever. A hit is checked against the row itself, so a
// collision costs time and nothing else. Pure functions, any thread.

#include <cstdint>
#include <string_view>

#include "base/id.h"

namespace flywheel {

/// Key of an id as a caller gives it: a UUID stands for its whole request (row bits zero), any
/// other text for itself.
[[nodiscard]] std::uint64_t key_of(std::string_view model, std::string_view id);
/// Key of a base id; the same as key_of its text.
[[nodiscard]] std::uint64_t key_of(std::string_view model, const Uuid& id);

}  // namespace flywheel
