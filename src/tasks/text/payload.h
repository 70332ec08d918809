#pragma once
// SPDX-License-Identifier: Apache-2.0
// What an input of a text task is: the bytes as they came, checked. Called by collection and the
// gateway. Pure functions, any thread.

#include <cstddef>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/result.h"

namespace flywheel::text {

inline constexpr std::size_t kPayloadBytesMax = 1U << 20U;

/// InvalidArgument when it is empty, blank (Unicode white space only), over 1 MiB or not UTF-8.
Result<void> check_payload(std::string_view payload);

/// Address of the Example: SHA-256 of the payload. The canonical payload is the payload: nothing is
/// normalised, so what a person labels is what was served.
[[nodiscard]] inline Digest item_of(std::string_view payload) {
    return sha256(payload);
}

/// Unicode property White_Space.
[[nodiscard]] bool is_white_space(char32_t code_point);

/// The form in which near duplicates are compared: case folded, NFC, every run of white space one
/// space, none at the ends. `payload` is valid UTF-8.
[[nodiscard]] std::string comparable(std::string_view payload);

}  // namespace flywheel::text
