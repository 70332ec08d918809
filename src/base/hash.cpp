// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"

#include <fstream>
#include <memory>
#include <vector>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <xxhash.h>

namespace flywheel {

namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

int lower_hex_value(char digit) {
    const auto at = kHexDigits.find(digit);
    return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

/// SHA-256 of one piece after another. Each thread keeps one: looking the algorithm up, as
/// OpenSSL's SHA256() does each time, costs four times what the digest of a headline does.
class Sha256 {
  public:
    Digest digest(std::string_view bytes) {
        Digest digest;
        CHECK(EVP_DigestInit_ex2(context_.get(), algorithm_.get(), nullptr) == 1);
        CHECK(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
        CHECK(EVP_DigestFinal_ex(context_.get(), digest.bytes.data(), nullptr) == 1);
        return digest;
    }

  private:
    std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> algorithm_{
        EVP_MD_fetch(nullptr, "SHA256", nullptr), &EVP_MD_free
    };
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_{
        EVP_MD_CTX_new(), &EVP_MD_CTX_free
    };
};

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
        const int high = lower_hex_value(hex[2 * i]);
        const int low = lower_hex_value(hex[2 * i + 1]);
        if (high < 0 || low < 0) {
            return invalid_argument(fmt::format("A digest has 64 hexadecimal digits: '{}'", hex));
        }
        digest.bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
    }
    return digest;
}

Digest sha256(std::string_view bytes) {
    thread_local Sha256 mine;
    return mine.digest(bytes);
}

Result<Digest> sha256_of_file(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) {
        return not_found(fmt::format("Cannot open the file: {}", file.string()));
    }
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(
        EVP_MD_CTX_new(), &EVP_MD_CTX_free
    );
    CHECK(EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1);
    std::vector<char> piece(1U << 20U);
    while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())), in.gcount() > 0) {
        CHECK(
            EVP_DigestUpdate(context.get(), piece.data(), static_cast<std::size_t>(in.gcount())) ==
            1
        );
    }
    if (in.bad()) {
        return make_error(
            Code::Unavailable, fmt::format("Cannot read the file: {}", file.string())
        );
    }
    Digest digest;
    CHECK(EVP_DigestFinal_ex(context.get(), digest.bytes.data(), nullptr) == 1);
    return digest;
}

std::uint64_t xxh3(std::string_view bytes, std::uint64_t seed) {
    return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

}  // namespace flywheel
