#pragma once
// SPDX-License-Identifier: Apache-2.0
// The 64 bytes at the head of a segment (docs/internals/formats.md, 1.1) and the names of segment
// files. Used within this adapter. Pure functions, any thread.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace flywheel {

inline constexpr std::size_t kSegmentHeaderBytes = 64;

struct SegmentHeader {
    std::uint64_t segment = 0;
    Time created;
    std::array<std::uint8_t, 16> instance{};  ///< Who wrote it.
};

[[nodiscard]] std::string encode_header(const SegmentHeader& header);
/// Corrupt says what is wrong; Unsupported when the version is newer than this program.
Result<SegmentHeader> decode_header(std::string_view bytes);

/// "000000000042.open" for (42, "open").
[[nodiscard]] std::string segment_name(std::uint64_t segment, std::string_view ending);

struct SegmentName {
    std::uint64_t segment = 0;
    std::string ending;
};

/// Nothing for a name of another form.
[[nodiscard]] std::optional<SegmentName> parse_segment_name(std::string_view name);

}  // namespace flywheel
