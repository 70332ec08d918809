#pragma once
// SPDX-License-Identifier: Apache-2.0
// Digests: SHA-256 for content addresses (stored for ever), XXH3 for checksums, splits and buckets
// (fixed by specification, so also for ever). Pure functions, any thread.

#include <array>
#include <compare>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace flywheel {

/// SHA-256 of some bytes; the address of content.
struct Digest {
    std::array<std::uint8_t, 32> bytes{};

    auto operator<=>(const Digest&) const = default;

    /// 64 lower-case hexadecimal digits.
    [[nodiscard]] std::string hex() const;

    [[nodiscard]] bool is_zero() const { return bytes == std::array<std::uint8_t, 32>{}; }

    static Result<Digest> parse(std::string_view hex);
};

[[nodiscard]] Digest sha256(std::string_view bytes);
/// Of a file's bytes, read piece by piece; NotFound when it cannot be opened, Unavailable when
/// reading fails.
Result<Digest> sha256_of_file(const std::filesystem::path& file);

/// XXH3 64 bit, with a seed.
[[nodiscard]] std::uint64_t xxh3(std::string_view bytes, std::uint64_t seed = 0);

/// A number in [0, 1) from a hash: hash / 2^64, rounded down to 53 bits.
[[nodiscard]] inline double unit_interval(std::uint64_t hash) {
    return static_cast<double>(hash >> 11U) * 0x1.0p-53;
}

/// Hash for unordered containers of digests.
struct DigestHash {
    std::size_t operator()(const Digest& digest) const {
        std::uint64_t head = 0;
        for (int i = 0; i < 8; ++i) {
            head = head << 8U | digest.bytes[static_cast<std::size_t>(i)];
        }
        return head;
    }
};

}  // namespace flywheel
