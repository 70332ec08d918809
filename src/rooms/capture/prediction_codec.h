#pragma once
// SPDX-License-Identifier: Apache-2.0
// Served rows as the bytes of a predictions frame and back (docs/internals/formats.md, 2). Used
// within this room; encoding runs on request threads. Pure functions, any thread.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "records/prediction.h"

namespace flywheel {

/// What the index needs of a row, without the rest; views into the bytes.
struct RowKeys {
    Id<Prediction> id;
    Time time;
    std::string_view request_id;  ///< Empty when it is the text of the base id.
    std::string_view model;
};

/// Bytes that append_prediction() will add for `row`, its length field included.
[[nodiscard]] std::size_t prediction_bytes(const Prediction& row);

/// Begins a payload of rows (both kinds have the same 8 bytes).
void begin_rows(std::string& payload);
/// Appends one row.
void append_prediction(std::string& payload, const Prediction& row);

/// Walks over the rows of a payload without decoding them; Corrupt when it is no payload of rows.
Result<void> each_row(
    std::string_view payload, const std::function<Result<void>(std::string_view)>& visit
);
/// The parts of one row; Corrupt when the bytes are no row.
Result<RowKeys> prediction_keys(std::string_view row);
Result<Prediction> decode_prediction(std::string_view row);

/// True when `request_id` is the text of the id with its row bits zero (so it need not be stored).
[[nodiscard]] bool is_base_text(std::string_view request_id, const Uuid& id);

}  // namespace flywheel
