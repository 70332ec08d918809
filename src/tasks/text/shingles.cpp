// SPDX-License-Identifier: Apache-2.0
#include "tasks/text/shingles.h"

#include <algorithm>
#include <limits>

#include "base/hash.h"
#include "base/rng.h"
#include "tasks/text/payload.h"

namespace flywheel::text {

namespace {

constexpr std::size_t kRows = kHashes / kBands;

/// Multiply-shift functions of 64 bits; stored digests of signatures depend on these numbers.
struct HashFunctions {
    std::array<std::uint64_t, kHashes> factor{};
    std::array<std::uint64_t, kHashes> offset{};

    HashFunctions() {
        for (std::size_t i = 0; i < kHashes; ++i) {
            factor[i] = mix64(2 * i) | 1U;
            offset[i] = mix64(2 * i + 1);
        }
    }
};

std::uint32_t short_hash(std::string_view bytes) {
    return static_cast<std::uint32_t>(xxh3(bytes) >> 32U);
}

}  // namespace

Shingles shingles_of(std::string_view payload) {
    const std::string plain = comparable(payload);
    const std::string_view view = plain;
    std::vector<std::size_t> starts;
    starts.reserve(plain.size() + 1);
    for (std::size_t at = 0; at < plain.size(); ++at) {
        if ((static_cast<unsigned char>(plain[at]) & 0xC0U) != 0x80U) {
            starts.push_back(at);
        }
    }
    starts.push_back(plain.size());
    const std::size_t length = starts.size() - 1;
    if (length < kShingleCodePoints) {
        return {short_hash(view)};
    }
    Shingles shingles;
    shingles.reserve(length - kShingleCodePoints + 1);
    for (std::size_t i = 0; i + kShingleCodePoints <= length; ++i) {
        shingles.push_back(
            short_hash(view.substr(starts[i], starts[i + kShingleCodePoints] - starts[i]))
        );
    }
    std::sort(shingles.begin(), shingles.end());
    shingles.erase(std::unique(shingles.begin(), shingles.end()), shingles.end());
    return shingles;
}

Signature signature_of(std::span<const std::uint32_t> shingles) {
    static const HashFunctions kFunctions;
    Signature signature;
    signature.fill(std::numeric_limits<std::uint32_t>::max());
    for (const std::uint64_t shingle : shingles) {
        // Spread the 32 bits first: multiply-shift alone is not independent enough on small
        // numbers.
        const std::uint64_t mixed = mix64(shingle);
        for (std::size_t i = 0; i < kHashes; ++i) {
            const std::uint64_t hash = mixed * kFunctions.factor[i] + kFunctions.offset[i];
            signature[i] = std::min(signature[i], static_cast<std::uint32_t>(hash >> 32U));
        }
    }
    return signature;
}

Bands bands_of(const Signature& signature) {
    Bands bands{};
    for (std::size_t band = 0; band < kBands; ++band) {
        std::uint64_t hash = band;
        for (std::size_t row = 0; row < kRows; ++row) {
            hash = mix64(hash ^ signature[band * kRows + row]);
        }
        bands[band] = static_cast<std::uint32_t>(hash >> 32U);
    }
    return bands;
}

double jaccard(std::span<const std::uint32_t> a, std::span<const std::uint32_t> b) {
    std::size_t shared = 0;
    for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
        shared += a[i] == b[j] ? 1 : 0;
        const bool step_a = a[i] <= b[j];
        const bool step_b = b[j] <= a[i];
        i += step_a ? 1 : 0;
        j += step_b ? 1 : 0;
    }
    const std::size_t all = a.size() + b.size() - shared;
    return all == 0 ? 1.0 : static_cast<double>(shared) / static_cast<double>(all);
}

double estimated_jaccard(const Signature& a, const Signature& b) {
    std::size_t equal = 0;
    for (std::size_t i = 0; i < kHashes; ++i) {
        equal += a[i] == b[i] ? 1 : 0;
    }
    return static_cast<double>(equal) / static_cast<double>(kHashes);
}

}  // namespace flywheel::text
