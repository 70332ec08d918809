#pragma once
// SPDX-License-Identifier: Apache-2.0
// Feedback as the bytes of a feedback frame and back (docs/internals/formats.md, 3). The payload
// begins and is walked as that of served rows (prediction_codec.h). Pure functions, any thread.

#include <string>

#include "base/result.h"
#include "records/feedback.h"
#include "rooms/capture/frames/prediction_codec.h"

namespace flywheel {

/// Appends one row to a payload begun by begin_rows().
void append_feedback(std::string& payload, const Feedback& row);
/// Corrupt when the bytes are no row.
Result<Feedback> decode_feedback(StoredRow row);

}  // namespace flywheel
