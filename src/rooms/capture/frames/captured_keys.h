#pragma once
// SPDX-License-Identifier: Apache-2.0
// 8-byte keys under which captured rows and feedback are found again. A hit is checked against the
// row itself, so a collision costs time and nothing else. Pure functions, any thread.

#include <cstdint>
#include <string_view>

#include "records/prediction.h"

namespace flywheel {

/// Key of an id as a caller gives it: a UUID stands for its whole request (row bits zero), any
/// other text for itself.
[[nodiscard]] std::uint64_t key_of(std::string_view model, std::string_view id);
/// Key of a base id; the same as key_of its text.
[[nodiscard]] std::uint64_t key_of(std::string_view model, const Uuid& id);

/// Key of a payload.
[[nodiscard]] std::uint64_t key_of(std::string_view model, const Digest& payload);

/// Does `id` mean this row? A request id means all its rows, a Prediction id with row bits zero all
/// rows of its request, another Prediction id that row alone.
[[nodiscard]] bool means_row(std::string_view id, const Prediction& row);
/// Is feedback with this target about the request of this row?
[[nodiscard]] bool is_about(std::string_view target, const Prediction& row);

}  // namespace flywheel
