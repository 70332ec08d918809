#pragma once
// SPDX-License-Identifier: Apache-2.0
// A small seeded stream of labelled texts for the tests of this folder. Header only; one thread.

#include <cstdint>
#include <string>
#include <vector>

#include "base/rng.h"
#include "base/text.h"
#include "ports/engine/engine.h"

namespace flywheel::linear::testing {

/// Texts of `classes` topics in Korean-like syllables; a third of the words say nothing.
struct Corpus {
    std::vector<std::string> texts;
    std::vector<std::int32_t> labels;
    std::int32_t classes = 0;

    Corpus(std::uint64_t seed, std::int32_t topics, int rows) : classes(topics) {
        Rng rng(seed);
        for (int i = 0; i < rows; ++i) {
            const auto label = static_cast<std::int32_t>(i % topics);
            std::string text;
            for (int word = 0; word < 6; ++word) {
                const std::uint64_t topic =
                    rng.below(3) == 0 ? 1000 : static_cast<std::uint64_t>(label);
                const std::uint64_t token = mix64(topic * 100 + rng.below(40));
                for (unsigned syllable = 0; syllable < 2; ++syllable) {
                    append_utf8(
                        text, static_cast<char32_t>(0xAC00 + (token >> (12 * syllable)) % 3000)
                    );
                }
                text += ' ';
            }
            texts.push_back(text);
            labels.push_back(label);
        }
    }

    /// Rows [from, to) as training rows; the corpus must outlive them.
    [[nodiscard]] std::vector<TrainingRow> rows(std::size_t from, std::size_t to) const {
        std::vector<TrainingRow> made;
        for (std::size_t i = from; i < to; ++i) {
            made.push_back({.text = texts[i], .label = labels[i]});
        }
        return made;
    }

    [[nodiscard]] TrainingSet set(std::size_t count) const {
        TrainingSet made;
        made.train = rows(0, count);
        made.classes = classes;
        return made;
    }
};

}  // namespace flywheel::linear::testing
