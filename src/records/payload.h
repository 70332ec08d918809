#pragma once
// SPDX-License-Identifier: Apache-2.0
// Payload: what a caller sent for one row, as it is kept: once for a model, a UTC day and a content
// (docs/decisions/0021). Written by the room capture only (through the journal); rows refer to it
// by their model, the day of their time, and the digest.

#include <cstdint>
#include <string>

#include "records/field.h"

namespace flywheel {

/// Media type of a text, which is UTF-8.
inline constexpr std::string_view kTextPayload = "text/plain";

struct Payload {
    /// A larger one stands beside its table, as a file of its own.
    static constexpr std::size_t kInTableBytesMax = 16U << 10U;

    Digest digest;  ///< SHA-256 of the bytes, after redaction.
    std::string model;
    std::string media_type;
    std::string bytes;
    Time first_seen;  ///< Time of the first row of its day that refers to it.
};

}  // namespace flywheel
