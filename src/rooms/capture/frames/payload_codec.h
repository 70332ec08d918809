#pragma once
// SPDX-License-Identifier: Apache-2.0
// Payloads as the bytes of a payload frame and back (docs/internals/formats.md, 2.3). Used within
// this room. Pure functions, any thread.

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ports/journal/journal.h"
#include "records/payload.h"

namespace flywheel {

/// A payload as it stands in a frame or in a row that carries it; views.
struct PayloadView {
    Digest digest;
    std::string_view model;
    std::string_view media_type;
    std::string_view bytes;
    Time first_seen;

    [[nodiscard]] Payload copy() const;
};

/// Begins the bytes of a payload frame.
void begin_payloads(std::string& frame);
/// Appends one payload.
void append_payload(std::string& frame, const PayloadView& payload);
/// Bytes that append_payload() will add.
[[nodiscard]] std::size_t payload_bytes(const PayloadView& payload);
/// Walks over the payloads of a frame; Corrupt when it holds none or a newer program wrote it.
Result<void> each_payload(
    const Frame& frame, const std::function<Result<void>(const PayloadView&)>& visit
);

/// Under what a payload is stored once: its model, its day, its content. 128 bits.
struct PayloadKey {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    bool operator==(const PayloadKey&) const = default;
};

[[nodiscard]] inline std::size_t place_of(const PayloadKey& key) {
    return key.high;
}

[[nodiscard]] PayloadKey payload_key(std::string_view model, Time time, const Digest& digest);

}  // namespace flywheel
