// SPDX-License-Identifier: Apache-2.0
#include "rooms/collection/near_duplicates.h"

#include <algorithm>

#include "base/rng.h"

namespace flywheel::collection {

namespace {

constexpr std::size_t kFirstBuckets = 1024;

}  // namespace

std::size_t NearDuplicates::bucket_of(std::size_t band, std::uint32_t band_hash) const {
    return mix64(static_cast<std::uint64_t>(band) << 32U | band_hash) & (buckets_.size() - 1);
}

void NearDuplicates::chain(std::size_t link) {
    auto& first = buckets_[bucket_of(link % text::kBands, links_[link].band_hash)];
    links_[link].next = first;
    first = static_cast<std::uint32_t>(link + 1);
}

void NearDuplicates::grow() {
    buckets_.assign(std::max(kFirstBuckets, 2 * buckets_.size()), 0);
    for (std::size_t link = 0; link < links_.size(); ++link) {
        chain(link);
    }
}

void NearDuplicates::add(const Digest& representative, std::span<const std::uint32_t> shingles) {
    if (links_.size() + text::kBands > buckets_.size()) {
        grow();
    }
    representatives_.push_back(representative);
    shingles_.insert(shingles_.end(), shingles.begin(), shingles.end());
    ends_.push_back(shingles_.size());
    for (const std::uint32_t band_hash : text::bands_of(text::signature_of(shingles))) {
        links_.push_back({band_hash, 0});
        chain(links_.size() - 1);
    }
}

std::span<const std::uint32_t> NearDuplicates::shingles_of(std::size_t representative) const {
    const std::size_t begin = representative == 0 ? 0 : ends_[representative - 1];
    return std::span(shingles_).subspan(begin, ends_[representative] - begin);
}

std::vector<std::uint32_t> NearDuplicates::candidates(const text::Bands& bands) const {
    std::vector<std::uint32_t> found;
    for (std::size_t band = 0; band < text::kBands; ++band) {
        std::uint32_t link = buckets_[bucket_of(band, bands[band])];
        for (; link != 0; link = links_[link - 1].next) {
            if ((link - 1) % text::kBands == band && links_[link - 1].band_hash == bands[band]) {
                found.push_back(static_cast<std::uint32_t>((link - 1) / text::kBands));
            }
        }
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
}

std::optional<Digest> NearDuplicates::nearest(
    std::span<const std::uint32_t> shingles, double threshold
) const {
    if (representatives_.empty()) {
        return std::nullopt;
    }
    std::optional<Digest> best;
    double best_similarity = threshold;
    for (const std::uint32_t candidate : candidates(text::bands_of(text::signature_of(shingles)))) {
        const double similarity = text::jaccard(shingles, shingles_of(candidate));
        const Digest& digest = representatives_[candidate];
        if (similarity > best_similarity ||
            (similarity == best_similarity && (!best || digest < *best))) {
            best = digest;
            best_similarity = similarity;
        }
    }
    return best;
}

}  // namespace flywheel::collection
