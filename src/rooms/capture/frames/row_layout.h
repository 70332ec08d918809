#pragma once
// SPDX-License-Identifier: Apache-2.0
// Where things stand in a row of a predictions frame, for each version there ever was
// (docs/internals/formats.md, 2): the row's parts as views, checked. Used by prediction_codec.cpp
// and by the writer, which takes payloads out of rows. Pure functions, any thread.

#include <array>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "rooms/capture/frames/prediction_codec.h"

namespace flywheel::row_layout {

inline constexpr std::uint8_t kNewest = 3;
inline constexpr std::size_t kParts = 16;

/// Variable parts in the order in which the newest version stores them.
enum Part {
    kRequestId,
    kModel,
    kServedVersion,
    kError,
    kRowId,
    kParams,
    kPolicy,
    kKeyName,
    kEngine,
    kMediaType,
    kScores,
    kScoreClasses,
    kBaseScores,
    kEmbedding,
    kOutputs,
    kPayload
};

/// Bytes of one item of each variable part.
inline constexpr std::array<std::size_t, kParts> kItemBytes = {
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 4, 4, 4, 2, 1, 1
};

enum Flag : std::uint16_t {
    kRequestIsBase = 1,
    kCancelled = 2,
    kRedacted = 4,
    kThin = 8,
    kAllFlags = 15
};

/// In every version.
inline constexpr std::size_t kIdAt = 0;
inline constexpr std::size_t kTimeAt = 16;
inline constexpr std::size_t kDigestAt = 24;
/// In the newest.
inline constexpr std::size_t kPayloadBytesAt = 136;
inline constexpr std::size_t kAttemptAt = 184;
inline constexpr std::size_t kRouteAt = 188;
inline constexpr std::size_t kFlagsAt = 190;
inline constexpr std::size_t kLengthsAt = 192;
inline constexpr std::size_t kPayloadLengthAt = kLengthsAt + kPayload * sizeof(std::uint32_t);
inline constexpr std::size_t kFixedBytes = kLengthsAt + kParts * sizeof(std::uint32_t);

/// The row's parts as views, after all checks that keep the encoding canonical.
struct RowView {
    const char* fixed = nullptr;
    std::uint8_t version = kNewest;
    std::uint8_t route = 0;
    std::uint8_t agreement = 0;
    std::uint16_t flags = 0;
    std::array<std::string_view, kParts> parts;

    template <class T>
    [[nodiscard]] T at(std::size_t offset) const {
        return bytes_at<T>(fixed + offset);
    }

    [[nodiscard]] bool has(Flag flag) const { return (flags & flag) != 0; }

    /// Of the newest version only.
    [[nodiscard]] std::uint64_t payload_bytes() const { return at<std::uint64_t>(kPayloadBytesAt); }

    /// Corrupt when the bytes are no row.
    static Result<RowView> of(StoredRow row);
};

}  // namespace flywheel::row_layout
