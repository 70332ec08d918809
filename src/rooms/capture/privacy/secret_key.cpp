// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/privacy/secret_key.h"

namespace flywheel {

namespace {

constexpr std::size_t kBlockBytes = 64;

std::string_view view(const Digest& digest) {
    return {reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()};
}

}  // namespace

SecretKey::SecretKey(std::string_view key) {
    const Digest hashed = key.size() > kBlockBytes ? sha256(key) : Digest();
    inner_ = key.size() > kBlockBytes ? view(hashed) : key;
    inner_.resize(kBlockBytes, '\0');
    outer_ = inner_;
    for (std::size_t i = 0; i < kBlockBytes; ++i) {
        inner_[i] = static_cast<char>(inner_[i] ^ 0x36);
        outer_[i] = static_cast<char>(outer_[i] ^ 0x5C);
    }
}

Digest SecretKey::hmac(std::string_view message) const {
    const Digest inner = sha256(inner_ + std::string(message));
    return sha256(outer_ + std::string(view(inner)));
}

}  // namespace flywheel
