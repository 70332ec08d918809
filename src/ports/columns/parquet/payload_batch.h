#pragma once
// SPDX-License-Identifier: Apache-2.0
// Captured payloads as Arrow columns and back (docs/internals/formats.md, 4). Used within this
// adapter. Pure functions, any thread.

#include <functional>
#include <memory>
#include <span>
#include <string>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "records/payload.h"

namespace flywheel {

[[nodiscard]] std::shared_ptr<arrow::Schema> payload_schema();

/// A payload as its table holds it.
struct StoredPayload {
    Payload payload;  ///< A large one without its bytes.
    std::int64_t size = 0;

    [[nodiscard]] bool stands_beside() const {
        return static_cast<std::uint64_t>(size) > Payload::kInTableBytesMax;
    }
};

/// As its table holds it.
[[nodiscard]] StoredPayload stored_payload(const Payload& payload);

/// Some thousand payloads.
Result<std::shared_ptr<arrow::RecordBatch>> encode_payloads(
    std::span<const StoredPayload* const> rows
);

/// Calls `visit` with those whose digest `wants`; the others are not copied. Their models
/// are empty.
Result<void> decode_payloads(
    const arrow::RecordBatch& batch,
    const std::function<bool(const Digest&)>& wants,
    const std::function<Result<void>(StoredPayload&&)>& visit
);

}  // namespace flywheel
