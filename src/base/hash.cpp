// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"

#include <fmt/format.h>
#include <openssl/sha.h>
#include <xxhash.h>

namespace flywheel {

namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

int hex_value(char digit) {
    const auto at = kHexDigits.find(digit);
    return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

}  // namespace

std::string Digest::hex() const {
    std::string text;
    text.reserve(64);
    for (const auto byte : bytes) {
        text += kHexDigits[byte >> 4U];
        text += kHexDigits[byte & 15U];
    }
    return text;
}

Result<Digest> Digest::parse(std::string_view hex) {
    Digest digest;
    if (hex.size() != 64) {
        return invalid_argument(fmt::format("A digest has 64 hexadecimal digits: '{}'", hex));
    }
    for (std::size_t i = 0; i < 32; ++i) {
        const int high = hex_value(hex[2 * i]);
        const int low = hex_value(hex[2 * i + 1]);
        if (high < 0 || low < 0) {
            return invalid_argument(fmt::format("A digest has 64 hexadecimal digits: '{}'", hex));
        }
        digest.bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
    }
    return digest;
}

Digest sha256(std::string_view bytes) {
    Digest digest;
    SHA256(
        reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.bytes.data()
    );
    return digest;
}

std::uint64_t xxh3(std::string_view bytes, std::uint64_t seed) {
    return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

}  // namespace flywheel
