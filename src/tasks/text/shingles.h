#pragma once
// SPDX-License-Identifier: Apache-2.0
// Near duplicates of texts: sets of 5-character shingles, their Jaccard similarity, and MinHash
// signatures in bands that find candidates (Broder 1997; Leskovec, Rajaraman, Ullman, Mining of
// Massive Datasets, 3.3-3.4). Called by collection. Pure functions, any thread; the hashes are
// fixed for ever.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace flywheel::text {

inline constexpr std::size_t kShingleCodePoints = 5;
inline constexpr std::size_t kHashes = 128;
inline constexpr std::size_t kBands = 32;

/// Sorted, distinct 32-bit hashes of shingles. Two different shingles share a hash with probability
/// 2^-32, which moves a similarity of n shingles by at most 1/n.
using Shingles = std::vector<std::uint32_t>;
/// Smallest value of each of the 128 hash functions over the set.
using Signature = std::array<std::uint32_t, kHashes>;
/// One hash for every 4 rows of the signature.
using Bands = std::array<std::uint32_t, kBands>;

/// Shingles of comparable(payload), by code points; a text of fewer than 5 is one shingle, the
/// whole.
[[nodiscard]] Shingles shingles_of(std::string_view payload);

[[nodiscard]] Signature signature_of(std::span<const std::uint32_t> shingles);

/// Texts that share a band are candidates: with probability 1 - (1 - J^4)^32, which is .9999999 at
/// J = .8, .87 at .5, .20 at .29.
[[nodiscard]] Bands bands_of(const Signature& signature);

/// |a and b| / |a or b|, exact; 1 for two empty sets.
[[nodiscard]] double jaccard(std::span<const std::uint32_t> a, std::span<const std::uint32_t> b);

/// Share of equal rows: unbiased, standard deviation sqrt(J (1 - J) / 128).
[[nodiscard]] double estimated_jaccard(const Signature& a, const Signature& b);

}  // namespace flywheel::text
