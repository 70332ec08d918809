#pragma once
// SPDX-License-Identifier: Apache-2.0
// A loaded artefact that answers. Immutable: any number of threads predict at the same time, each
// with scratch space of its own that stays between calls.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "ports/engine/engine.h"
#include "ports/engine/linear/artefact.h"
#include "vectors/gather.h"

namespace flywheel::linear {

/// Size of the embedding.
inline constexpr std::size_t kEmbeddingSize = 128;

class LinearModel final : public Model {
  public:
    explicit LinearModel(const Parameters& parameters);

    /// The embedding is a signed sketch of the text's tf-idf vector: each feature is added at two
    /// places with two signs, all from its hash (count sketch, Charikar, Chen, Farach-Colton 2002),
    /// then length 1. Inner products of sketches estimate those of the texts with a standard error
    /// of about 1 / sqrt 128.
    void predict(std::string_view text, std::span<float> scores, std::span<float> embedding)
        const override;

    [[nodiscard]] std::int32_t classes() const override {
        return static_cast<std::int32_t>(classes_);
    }

    [[nodiscard]] std::int32_t embedding_size() const override {
        return static_cast<std::int32_t>(kEmbeddingSize);
    }

    [[nodiscard]] std::size_t memory_bytes() const override;

  private:
    struct Scratch;

    static Scratch& scratch();
    void index(const std::vector<std::uint32_t>& ids);
    void fill_rows(const Parameters& parameters);
    /// Row of a feature id, or kAbsent.
    [[nodiscard]] std::uint32_t find(std::uint32_t id) const;

    [[nodiscard]] const std::byte* row(std::uint32_t at) const {
        return rows_.data() + at * stride_;
    }

    void look_up(std::string_view text, Scratch& scratch) const;
    void score(const Scratch& scratch, std::span<float> sums, float factor) const;

    FeatureSpace space_;
    std::size_t classes_ = 0;
    std::size_t width_ = 0;  ///< Weights a feature has, padded.
    Precision precision_ = Precision::Float;
    float idf_unseen_ = 1;

    // A bit a feature id, and the number of bits set before each 64 of them: some 50 KB that stay
    // in the cache find the row of a feature without a miss.
    std::vector<std::uint64_t> present_;
    std::vector<std::uint32_t> before_;
    // [features] of {idf, scale, weights}: with up to eight classes in 8 bits, 16 bytes and one
    // miss.
    std::vector<std::byte> rows_;
    std::size_t stride_ = 0;

    std::vector<float> hidden_bias_;  ///< [width_] or empty
    std::vector<float> head_;         ///< [classes][width_] or empty
    std::vector<float> shift_;        ///< [classes]: bias + offset
    float inverse_temperature_ = 1;
};

}  // namespace flywheel::linear
