#pragma once
// SPDX-License-Identifier: Apache-2.0
// Keys of payloads, beside those of ids, and what an id that was found by its key must mean. Pure
// functions, any thread.

#include <cstdint>
#include <string_view>

#include "records/id_key.h"
#include "records/prediction.h"

namespace flywheel {

/// Key of a payload.
[[nodiscard]] std::uint64_t key_of(std::string_view model, const Digest& payload);

/// Does `id` mean this row? A request id means all its rows, a Prediction id with row bits zero all
/// rows of its request, another Prediction id that row alone.
[[nodiscard]] bool means_row(std::string_view id, const Prediction& row);
/// Is feedback with this target about the request of this row?
[[nodiscard]] bool is_about(std::string_view target, const Prediction& row);

}  // namespace flywheel
