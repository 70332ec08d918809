// SPDX-License-Identifier: Apache-2.0
#include "ports/engine/linear/examples.h"

#include <array>
#include <cmath>

#include "base/hash.h"
#include "ports/engine/linear/lanes.h"

namespace flywheel::linear {

namespace {

constexpr std::uint32_t kNoColumn = 0xFFFFFFFFU;

/// Counts in how many texts each feature occurs.
class Occurrences {
  public:
    explicit Occurrences(int hash_bits) : texts_with_(std::size_t{1} << hash_bits) {}

    void add(std::span<const Counted> features) {
        ++texts_;
        for (const Counted& feature : features) {
            ++texts_with_[feature.id];
        }
    }

    [[nodiscard]] float idf(std::uint32_t id) const { return idf_of(texts_with_[id]); }

    [[nodiscard]] float idf_unseen() const { return idf_of(0); }

  private:
    [[nodiscard]] float idf_of(std::uint32_t with) const {
        return static_cast<float>(std::log((1.0 + texts_) / (1.0 + with)) + 1.0);
    }

    std::vector<std::uint32_t> texts_with_;
    double texts_ = 0;
};

/// The counts of all training rows; cells hold the feature's id until the columns are known.
struct Counts {
    std::vector<std::size_t> begin{0};
    std::vector<Counted> features;
};

void number_columns(Counts& counts, int hash_bits, Vocabulary& vocabulary) {
    std::vector<std::uint32_t> column(std::size_t{1} << hash_bits, kNoColumn);
    for (Counted& feature : counts.features) {
        std::uint32_t& known = column[feature.id];
        if (known == kNoColumn) {
            known = static_cast<std::uint32_t>(vocabulary.id.size());
            vocabulary.id.push_back(feature.id);
        }
        feature.id = known;
    }
}

void weigh(const Counts& counts, Examples& examples) {
    examples.begin = counts.begin;
    examples.cells.resize(counts.features.size());
    for (std::size_t i = 0; i + 1 < counts.begin.size(); ++i) {
        float squares = 0;
        for (std::size_t j = counts.begin[i]; j < counts.begin[i + 1]; ++j) {
            const auto [column, count] = counts.features[j];
            const float value = count_weight(count) * examples.vocabulary.idf[column];
            examples.cells[j] = {column, value};
            squares += value * value;
        }
        const float factor = squares > 0 ? 1.0F / std::sqrt(squares) : 0.0F;
        for (std::size_t j = counts.begin[i]; j < counts.begin[i + 1]; ++j) {
            examples.cells[j].value *= factor;
        }
    }
}

void set_targets(const TrainingSet& set, double smoothing, Examples& examples) {
    const auto spread = static_cast<float>(smoothing / static_cast<double>(examples.classes));
    const float rest = 1.0F - static_cast<float>(smoothing);
    for (const TrainingRow& row : set.train) {
        const std::size_t at = examples.target.size();
        examples.target.resize(at + examples.lanes, 0.0F);
        for (std::size_t k = 0; k < examples.classes; ++k) {
            examples.target[at + k] = spread;
        }
        examples.target[at + static_cast<std::size_t>(row.label)] += rest;
        examples.weight.push_back(row.weight);
        examples.group.push_back(row.group != 0 ? row.group : xxh3(row.text));
    }
}

}  // namespace

float count_weight(std::uint32_t count) {
    static const std::array<float, 256> kTable = [] {
        std::array<float, 256> table{};
        for (std::size_t i = 1; i < table.size(); ++i) {
            table[i] = static_cast<float>(1.0 + std::log(static_cast<double>(i)));
        }
        return table;
    }();
    return count < kTable.size() ? kTable[count]
                                 : static_cast<float>(1.0 + std::log(static_cast<double>(count)));
}

Examples make_examples(const TrainingSet& set, const FeatureSpace& space, double smoothing) {
    Examples examples;
    examples.classes = static_cast<std::size_t>(set.classes);
    examples.lanes = padded(examples.classes);
    Featuriser features(space);
    Occurrences occurrences(space.hash_bits);
    Counts counts;
    for (const TrainingRow& row : set.train) {
        const auto found = features(row.text);
        occurrences.add(found);
        counts.features.insert(counts.features.end(), found.begin(), found.end());
        counts.begin.push_back(counts.features.size());
    }
    for (const std::string_view text : set.unlabelled) {
        occurrences.add(features(text));
    }
    number_columns(counts, space.hash_bits, examples.vocabulary);
    for (const std::uint32_t id : examples.vocabulary.id) {
        examples.vocabulary.idf.push_back(occurrences.idf(id));
    }
    examples.vocabulary.idf_unseen = occurrences.idf_unseen();
    weigh(counts, examples);
    set_targets(set, smoothing, examples);
    return examples;
}

std::vector<float> class_share(const Examples& examples) {
    std::vector<double> mass(examples.lanes, 0.0);
    double total = static_cast<double>(examples.classes);
    for (std::size_t i = 0; i < examples.rows(); ++i) {
        total += static_cast<double>(examples.weight[i]);
        for (std::size_t k = 0; k < examples.classes; ++k) {
            mass[k] += static_cast<double>(examples.weight[i] * examples.target_of(i)[k]);
        }
    }
    std::vector<float> share(examples.lanes, 0.0F);
    for (std::size_t k = 0; k < examples.classes; ++k) {
        share[k] = static_cast<float>((mass[k] + 1.0) / total);
    }
    return share;
}

}  // namespace flywheel::linear
