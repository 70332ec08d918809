// SPDX-License-Identifier: Apache-2.0
#include "base/secret.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "base/result.h"

namespace flywheel {

namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

}  // namespace

std::string base64url(std::string_view bytes) {
    std::string text;
    text.reserve((bytes.size() * 4 + 2) / 3);
    unsigned held = 0;
    int bits = 0;
    for (const char byte : bytes) {
        held = (held << 8U) | static_cast<unsigned char>(byte);
        bits += 8;
        while (bits >= 6) {
            bits -= 6;
            text += kAlphabet[(held >> static_cast<unsigned>(bits)) & 63U];
        }
    }
    if (bits > 0) {
        text += kAlphabet[(held << static_cast<unsigned>(6 - bits)) & 63U];
    }
    return text;
}

std::string random_secret(std::size_t bytes) {
    std::string raw(bytes, '\0');
    CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(raw.data()), static_cast<int>(bytes)) == 1);
    std::string text = base64url(raw);
    OPENSSL_cleanse(raw.data(), raw.size());
    return text;
}

bool same_secret(std::string_view left, std::string_view right) {
    return left.size() == right.size() &&
           CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace flywheel
