#pragma once
// SPDX-License-Identifier: Apache-2.0
// Served rows as the bytes of a predictions frame and back (docs/internals/formats.md, 2). Used
// within this room; encoding runs on request threads. Pure functions, any thread.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ports/journal/journal.h"
#include "records/prediction.h"

namespace flywheel {

/// One row as it stands in a frame, with the version that the frame says.
struct StoredRow {
    std::string_view bytes;
    std::uint8_t version = 0;
};

/// What the index needs of a row, without the rest; views into the bytes.
struct RowKeys {
    Id<Prediction> id;
    Time time;
    std::string_view request_id;  ///< Empty when it is the text of the base id.
    std::string_view model;
};

/// Bytes that append_prediction() will add for `row`, its length field included, at most.
[[nodiscard]] std::size_t prediction_bytes(const Prediction& row);

/// Begins the payload of a frame of predictions or feedback, in the newest version.
void begin_rows(std::string& payload, FrameKind kind);
/// Appends one row, in the newest version.
void append_prediction(std::string& payload, const Prediction& row);

/// Walks over the rows of a frame of predictions or feedback without decoding them; Corrupt when it
/// holds no rows or a newer program wrote it.
Result<void> each_row(const Frame& frame, const std::function<Result<void>(StoredRow)>& visit);
/// The parts of one row; Corrupt when the bytes are no row.
Result<RowKeys> prediction_keys(StoredRow row);
Result<Prediction> decode_prediction(StoredRow row);
/// The same into a row that may have held another one, whose memory is kept.
Result<void> decode_prediction_into(Prediction& out, StoredRow row);

/// True when `request_id` is the text of the id with its row bits zero (so it need not be stored).
[[nodiscard]] bool is_base_text(std::string_view request_id, const Uuid& id);

}  // namespace flywheel
