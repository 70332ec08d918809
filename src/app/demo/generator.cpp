// SPDX-License-Identifier: Apache-2.0
#include "app/demo/generator.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/rng.h"
#include "base/text.h"

namespace flywheel::app {

namespace {

// Tuned once so that never / all labels land near .50 / .78 with the default engine; see
// bench/RESULTS.md.
constexpr int kWordsPerTopic = 260;
constexpr int kSharedWords = 700;
constexpr double kTopicWordShare =
    0.40;  ///< Of a headline's words; the rest is shared by all topics.
constexpr double kMonthlyTurnover = 0.033;  ///< Share of a topic's vocabulary renewed each month.
constexpr double kConfusingShare = 0.10;    ///< Of topic words, taken from another topic.
constexpr std::array<double, 3> kAccuracies = {0.81, 0.87, 0.93};

std::string syllable_word(Rng& rng) {
    std::string word;
    const auto syllables = 2 + rng.below(2);
    for (std::uint64_t i = 0; i < syllables; ++i) {
        append_utf8(
            word,
            static_cast<char32_t>(
                0xAC00 + rng.below(19) * 588 + rng.below(21) * 28 +
                (rng.below(3) == 0 ? rng.below(28) : 0)
            )
        );
    }
    return word;
}

struct Vocabulary {
    std::vector<std::vector<std::string>> topics;
    std::vector<std::string> shared;

    Vocabulary(int count, Rng& rng) : topics(static_cast<std::size_t>(count)) {
        for (auto& words : topics) {
            for (int i = 0; i < kWordsPerTopic; ++i) {
                words.push_back(syllable_word(rng));
            }
        }
        for (int i = 0; i < kSharedWords; ++i) {
            shared.push_back(syllable_word(rng));
        }
    }

    void renew(Rng& rng) {
        for (auto& words : topics) {
            for (auto& word : words) {
                if (rng.uniform() < kMonthlyTurnover) {
                    word = syllable_word(rng);
                }
            }
        }
    }
};

/// Zipf-like index: small ones are common.
std::size_t common_index(Rng& rng, std::size_t size) {
    const double u = rng.uniform();
    return std::min(size - 1, static_cast<std::size_t>(std::pow(static_cast<double>(size), u)) - 1);
}

std::string headline(const Vocabulary& words, std::size_t topic, Rng& rng) {
    std::string text;
    const auto length = 5 + rng.below(4);
    for (std::uint64_t i = 0; i < length; ++i) {
        if (i > 0) {
            text += ' ';
        }
        if (rng.uniform() >= kTopicWordShare) {
            text += words.shared[common_index(rng, words.shared.size())];
            continue;
        }
        std::size_t from = topic;
        if (rng.uniform() < kConfusingShare) {
            from = rng.below(words.topics.size());
        }
        text += words.topics[from][common_index(rng, words.topics[from].size())];
    }
    return text;
}

/// Class mix at share `t` of the stream: one class grows from 15 % to 68 %, the others share the
/// rest.
std::vector<double> mix_at(double t, int topics, Rng& rng) {
    std::vector<double> mix(static_cast<std::size_t>(topics));
    const double growing = 0.15 + 0.53 / (1 + std::exp(-8 * (t - 0.55)));
    double rest = 0;
    for (std::size_t k = 1; k < mix.size(); ++k) {
        mix[k] = 0.6 + 0.8 * rng.uniform();
        rest += mix[k];
    }
    for (std::size_t k = 1; k < mix.size(); ++k) {
        mix[k] *= (1 - growing) / rest;
    }
    mix[0] = growing;
    return mix;
}

std::size_t draw(const std::vector<double>& shares, Rng& rng) {
    double u = rng.uniform();
    for (std::size_t k = 0; k + 1 < shares.size(); ++k) {
        u -= shares[k];
        if (u < 0) {
            return k;
        }
    }
    return shares.size() - 1;
}

std::int32_t other_label(std::int32_t label, int topics, Rng& rng) {
    const auto shift =
        1 + static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(topics - 1)));
    return (label + shift) % topics;
}

void annotate(StreamRow& row, int topics, Rng& rng) {
    for (std::size_t person = 0; person < kAccuracies.size(); ++person) {
        const bool right = rng.uniform() < kAccuracies.at(person);
        row.annotators.emplace_back(
            fmt::format("annotator-{}", person + 1),
            right ? row.label : other_label(row.label, topics, rng)
        );
    }
}

std::string slightly_changed(std::string text, Rng& rng) {
    if (rng.below(2) == 0) {
        text += "…";
    }
    return text;
}

}  // namespace

Stream generate_stream(const GeneratorPlan& plan) {
    Stream stream;
    stream.name = fmt::format("generated look-alike (seed {})", plan.seed);
    stream.generated_seed = static_cast<std::int64_t>(plan.seed);
    for (int k = 0; k < plan.topics; ++k) {
        stream.labels.push_back(fmt::format("topic-{}", k + 1));
    }
    Rng words_rng = Rng::named(plan.seed, "vocabulary");
    Rng rows_rng = Rng::named(plan.seed, "rows");
    Vocabulary words(plan.topics, words_rng);
    const int months = plan.years * 12;
    const std::size_t per_month = plan.rows / static_cast<std::size_t>(months);
    for (int month = 0; month < months; ++month) {
        const auto mix = mix_at(static_cast<double>(month) / months, plan.topics, words_rng);
        const Time begins = Time(std::chrono::sys_days(
            std::chrono::year_month_day(
                std::chrono::year(2016), std::chrono::January, std::chrono::day(1)
            ) +
            std::chrono::months(month)
        ));
        const std::size_t first = stream.rows.size();
        for (std::size_t i = 0; i < per_month; ++i) {
            StreamRow row;
            row.id = fmt::format("g-{:06}", stream.rows.size());
            row.time = begins + std::chrono::minutes(i * 28 * 24 * 60 / per_month);
            if (i > 0 && rows_rng.uniform() < plan.duplicates) {
                const auto& earlier = stream.rows[first + rows_rng.below(i)];
                row.text = slightly_changed(earlier.text, rows_rng);
                row.label = earlier.label;
            } else {
                row.label = static_cast<std::int32_t>(draw(mix, rows_rng));
                row.text = headline(words, static_cast<std::size_t>(row.label), rows_rng);
            }
            annotate(row, plan.topics, rows_rng);
            if (rows_rng.uniform() < plan.wrong_labels) {
                row.label = other_label(row.label, plan.topics, rows_rng);
            }
            stream.rows.push_back(std::move(row));
        }
        words.renew(words_rng);
    }
    stream.read.rows = static_cast<std::int64_t>(stream.rows.size());
    return stream;
}

}  // namespace flywheel::app
