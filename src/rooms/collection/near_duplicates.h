#pragma once
// SPDX-License-Identifier: Apache-2.0
// NearDuplicates: finds the group representative that a text is nearest to. Candidates share a
// MinHash band; each is then compared by exact Jaccard similarity. In memory, some 0.5 KiB and the
// shingles for each representative. Used by Collection, one thread.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/hash.h"
#include "tasks/text/shingles.h"

namespace flywheel::collection {

class NearDuplicates {
  public:
    /// A new representative; its shingles are sorted and distinct.
    void add(const Digest& representative, std::span<const std::uint32_t> shingles);

    /// The representative of largest similarity, if that is at least `threshold`; of equals the one
    /// with the smallest digest, so that the order of adding does not matter.
    [[nodiscard]] std::optional<Digest> nearest(
        std::span<const std::uint32_t> shingles, double threshold
    ) const;

    [[nodiscard]] std::size_t size() const { return representatives_.size(); }

  private:
    /// Link of a bucket's chain: number representative x 32 + band.
    struct Link {
        std::uint32_t band_hash = 0;
        std::uint32_t next = 0;  ///< Number of the next link + 1; 0 ends the chain.
    };

    [[nodiscard]] std::size_t bucket_of(std::size_t band, std::uint32_t band_hash) const;
    void chain(std::size_t link);
    void grow();
    [[nodiscard]] std::vector<std::uint32_t> candidates(const text::Bands& bands) const;
    [[nodiscard]] std::span<const std::uint32_t> shingles_of(std::size_t representative) const;

    std::vector<Digest> representatives_;
    std::vector<std::uint32_t> shingles_;  ///< Of all, one after the other.
    std::vector<std::size_t> ends_;        ///< Where each one's shingles end.
    std::vector<Link> links_;
    std::vector<std::uint32_t> buckets_;  ///< First link + 1 of each chain; a power of two of them.
};

}  // namespace flywheel::collection
