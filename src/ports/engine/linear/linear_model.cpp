// SPDX-License-Identifier: Apache-2.0
#include "ports/engine/linear/linear_model.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "ports/engine/linear/examples.h"
#include "ports/engine/linear/lanes.h"
#include "vectors/dot.h"

namespace flywheel::linear {

namespace {

constexpr std::uint32_t kAbsent = 0xFFFFFFFFU;

/// What stands before the weights of a row.
struct RowHead {
    float idf;
    float scale;
};

/// Bits set in a word, inline (the portable x86-64 target has no instruction for it).
std::uint32_t bits_set(std::uint64_t word) {
    word -= word >> 1U & 0x5555555555555555ULL;
    word = (word & 0x3333333333333333ULL) + (word >> 2U & 0x3333333333333333ULL);
    word = (word + (word >> 4U)) & 0x0F0F0F0F0F0F0F0FULL;
    return static_cast<std::uint32_t>(word * 0x0101010101010101ULL >> 56U);
}

/// Adds `value` to the sketch at the two places of a feature, with its two signs.
void sketch(std::uint32_t id, float value, float* embedding) {
    const std::uint64_t hash = id * 0x9E3779B97F4A7C15ULL;
    const auto place = [&](unsigned shift) {
        const float sign = (hash >> (shift + 7U) & 1U) != 0 ? -value : value;
        embedding[hash >> shift & (kEmbeddingSize - 1)] += sign;
    };
    place(48);
    place(56);
}

}  // namespace

struct LinearModel::Scratch {
    Featuriser features{FeatureSpace{}};
    std::vector<Counted> found;
    std::vector<std::uint32_t> at;
    std::vector<float> value;
    std::vector<vectors::ScaledRow> rows;
    std::vector<float> sums;
    float squares = 0;
};

LinearModel::LinearModel(const Parameters& parameters)
    : space_(parameters.settings.space),
      classes_(parameters.classes),
      width_(padded(parameters.width())),
      precision_(parameters.precision),
      idf_unseen_(parameters.idf_unseen),
      hidden_bias_(parameters.hidden_bias),
      head_(parameters.head),
      inverse_temperature_(1.0F / parameters.temperature) {
    for (std::size_t k = 0; k < classes_; ++k) {
        shift_.push_back(parameters.bias[k] + parameters.offset[k]);
    }
    index(parameters.id);
    fill_rows(parameters);
}

void LinearModel::index(const std::vector<std::uint32_t>& ids) {
    present_.resize((std::size_t{1} << space_.hash_bits) / 64);
    before_.resize(present_.size());
    for (const std::uint32_t id : ids) {
        present_[id / 64] |= std::uint64_t{1} << id % 64;
    }
    std::uint32_t count = 0;
    for (std::size_t word = 0; word < present_.size(); ++word) {
        before_[word] = count;
        count += bits_set(present_[word]);
    }
}

void LinearModel::fill_rows(const Parameters& parameters) {
    const bool small = precision_ == Precision::Int8;
    const std::size_t element = small ? sizeof(std::int8_t) : sizeof(float);
    const std::size_t width = parameters.width();
    stride_ = (sizeof(RowHead) + width_ * element + 15) / 16 * 16;
    rows_.resize(parameters.id.size() * stride_);
    for (std::size_t i = 0; i < parameters.id.size(); ++i) {
        std::byte* to = rows_.data() + i * stride_;
        const RowHead head{parameters.idf[i], small ? parameters.scale[i] : 1.0F};
        std::memcpy(to, &head, sizeof head);
        if (small) {
            std::memcpy(to + sizeof head, parameters.rows8.data() + i * width, width);
        } else {
            std::memcpy(to + sizeof head, parameters.rows.data() + i * width, width * element);
        }
    }
}

std::size_t LinearModel::memory_bytes() const {
    const std::size_t floats = hidden_bias_.size() + head_.size() + shift_.size();
    return sizeof *this + present_.size() * sizeof(std::uint64_t) +
           before_.size() * sizeof(std::uint32_t) + rows_.size() + floats * sizeof(float);
}

std::uint32_t LinearModel::find(std::uint32_t id) const {
    const std::uint64_t word = present_[id / 64];
    const std::uint64_t bit = std::uint64_t{1} << id % 64;
    return (word & bit) == 0 ? kAbsent : before_[id / 64] + bits_set(word & (bit - 1));
}

LinearModel::Scratch& LinearModel::scratch() {
    static thread_local Scratch mine;
    return mine;
}

/// Features, their rows and tf-idf values. First all rows are found and asked for, then read: the
/// misses of one text wait together.
void LinearModel::look_up(std::string_view text, Scratch& scratch) const {
    scratch.features.set_space(space_);
    const auto found = scratch.features(text);
    scratch.found.assign(found.begin(), found.end());
    scratch.at.resize(found.size());
    scratch.value.resize(found.size());
    scratch.rows.clear();
    for (std::size_t i = 0; i < found.size(); ++i) {
        scratch.at[i] = find(found[i].id);
        if (scratch.at[i] != kAbsent) {
            __builtin_prefetch(row(scratch.at[i]));
        }
    }
    scratch.squares = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
        RowHead head{idf_unseen_, 0.0F};
        if (scratch.at[i] != kAbsent) {
            std::memcpy(&head, row(scratch.at[i]), sizeof head);
        }
        const float value = count_weight(found[i].count) * head.idf;
        scratch.value[i] = value;
        scratch.squares += value * value;
        if (scratch.at[i] != kAbsent) {
            scratch.rows.push_back({scratch.at[i], value * head.scale});
        }
    }
}

/// sums = factor * (rows' weights), [width_].
void LinearModel::score(const Scratch& scratch, std::span<float> sums, float factor) const {
    std::fill(sums.begin(), sums.end(), 0.0F);
    if (rows_.empty()) {
        return;
    }
    const std::byte* first = rows_.data() + sizeof(RowHead);
    if (precision_ == Precision::Int8) {
        const auto* weights = reinterpret_cast<const std::int8_t*>(first);  // NOLINT: rows of bytes
        vectors::add_scaled_rows({weights, stride_, width_}, scratch.rows, sums);
    } else {
        const auto* weights = reinterpret_cast<const float*>(first);  // NOLINT: stored as floats
        vectors::add_scaled_rows({weights, stride_, width_}, scratch.rows, sums);
    }
    for (float& value : sums) {
        value *= factor;
    }
}

void LinearModel::predict(
    std::string_view text, std::span<float> scores, std::span<float> embedding
) const {
    CHECK(scores.size() == classes_);
    CHECK(embedding.empty() || embedding.size() == kEmbeddingSize);
    Scratch& mine = scratch();
    look_up(text, mine);
    mine.sums.resize(width_ + padded(classes_));
    const std::span<float> sums(mine.sums.data(), width_);
    const std::span<float> out(mine.sums.data() + width_, padded(classes_));
    score(mine, sums, mine.squares > 0 ? 1.0F / std::sqrt(mine.squares) : 0.0F);
    if (head_.empty()) {
        std::copy_n(sums.begin(), classes_, out.begin());
    } else {
        for (std::size_t j = 0; j < width_; ++j) {
            sums[j] = std::max(sums[j] + hidden_bias_[j], 0.0F);
        }
        for (std::size_t k = 0; k < classes_; ++k) {
            out[k] = vectors::dot(sums, {head_.data() + k * width_, width_});
        }
    }
    for (std::size_t k = 0; k < classes_; ++k) {
        out[k] = (out[k] + shift_[k]) * inverse_temperature_;
    }
    softmax(out.data(), classes_, out.size());
    std::copy_n(out.begin(), classes_, scores.begin());
    if (!embedding.empty()) {
        std::fill(embedding.begin(), embedding.end(), 0.0F);
        for (std::size_t i = 0; i < mine.found.size(); ++i) {
            sketch(mine.found[i].id, mine.value[i], embedding.data());
        }
        vectors::normalise(embedding);
    }
}

}  // namespace flywheel::linear
