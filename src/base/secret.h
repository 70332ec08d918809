#pragma once
// SPDX-License-Identifier: Apache-2.0
// Secrets: made from the operating system's randomness, compared without telling by time. Pure
// functions, any thread.

#include <cstddef>
#include <string>
#include <string_view>

namespace flywheel {

/// `bytes` of cryptographic randomness as base64url without padding (RFC 4648, section 5): 43
/// characters for 32 bytes. Aborts when the system has no randomness, as nothing safe can follow.
[[nodiscard]] std::string random_secret(std::size_t bytes);

/// base64url without padding of any bytes.
[[nodiscard]] std::string base64url(std::string_view bytes);

/// Equal, in a time that depends on the lengths only.
[[nodiscard]] bool same_secret(std::string_view left, std::string_view right);

}  // namespace flywheel
