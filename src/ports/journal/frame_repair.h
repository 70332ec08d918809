#pragma once
// SPDX-License-Identifier: Apache-2.0
// Right checksums for frames that only look right, so that the journal's fuzzers get past them.

#include <string>

#include "base/bytes.h"
#include "base/hash.h"
#include "ports/journal/frame.h"

namespace flywheel::testing {

/// Wherever a frame may begin and has the magic number and a length that fits.
inline void repair_checksums(std::string& bytes) {
    constexpr std::size_t kLengthAt = 8;
    constexpr std::size_t kCheckAt = 24;
    for (std::size_t at = 0; at + kFrameHeadBytes <= bytes.size(); at += 8) {
        char* const head = bytes.data() + at;
        const std::size_t payload = bytes_at<std::uint32_t>(head + kLengthAt);
        if (bytes_at<std::uint32_t>(head) == kFrameMagic &&
            payload <= bytes.size() - at - kFrameHeadBytes) {
            const std::string covered =
                bytes.substr(at, kCheckAt) + bytes.substr(at + kFrameHeadBytes, payload);
            put_bytes(head + kCheckAt, xxh3(covered));
        }
    }
}

}  // namespace flywheel::testing
