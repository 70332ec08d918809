#pragma once
// SPDX-License-Identifier: Apache-2.0
// Text to counted features: character n-grams inside words, hashed. Used by the fit and by every
// prediction, so its definition is part of the artefact's format
// (docs/internals/linear-artefact.md). One Featuriser, one thread.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace flywheel::linear {

/// A feature of one text.
struct Counted {
    std::uint32_t id = 0;     ///< Below 2^hash_bits.
    std::uint32_t count = 0;  ///< Times it occurs in the text, > 0.

    bool operator==(const Counted&) const = default;
};

struct FeatureSpace {
    int ngram_max = 3;         ///< Longest n-gram in code points, 1..5.
    int hash_bits = 18;        ///< Ids are below 2^hash_bits, 10..22.
    bool fold_digits = false;  ///< 0..9 all count as 0.

    bool operator==(const FeatureSpace&) const = default;
};

/// Id of the n-gram of these (already folded) code points: FNV-1a over code points, mixed, upper
/// bits.
[[nodiscard]] std::uint32_t feature_id(std::span<const char32_t> ngram, int hash_bits);

class Featuriser {
  public:
    explicit Featuriser(const FeatureSpace& space) : space_(space) {}

    /// The features of `text` (valid UTF-8) in order of first occurrence, each once; valid until
    /// the next call. Text is normalised to NFC, folded to lower case (Latin, Greek, Cyrillic, full
    /// width) and split at Unicode white space. Each word is padded with one space on both sides;
    /// features are its n-grams of 1..ngram_max code points, except the space alone.
    std::span<const Counted> operator()(std::string_view text);

    /// For a scratch that serves several models.
    void set_space(const FeatureSpace& space) { space_ = space; }

  private:
    struct Slot {
        std::uint32_t stamp = 0;  ///< The slot is free unless this is the present text's.
        std::uint32_t id = 0;
        std::uint32_t place = 0;  ///< In found_.
    };

    void begin_text();
    void walk(std::string_view text);
    void extend(char32_t code_point, bool is_pad);
    void add(std::uint32_t id);
    void grow();

    FeatureSpace space_;
    std::vector<Slot> slots_;
    std::uint32_t stamp_ = 0;
    std::vector<Counted> found_;
    std::uint64_t open_[6] = {
    };  ///< open_[n]: hash of the n-gram that ends at the last code point.
    int run_ = 0;  ///< Code points of the present padded word so far.
};

}  // namespace flywheel::linear
