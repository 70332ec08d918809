// SPDX-License-Identifier: Apache-2.0
#include "stats/crowdlab.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace flywheel::stats {

namespace {

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();
constexpr double kLeast = 1e-6;  ///< Of weights and of what they are divided by.

double share_of(double part, double whole) {
    return whole > 0 ? part / whole : kNothing;
}

/// Those without a value get the mean of the others.
void fill_with_mean(std::vector<double>& values) {
    double sum = 0;
    double n = 0;
    for (const double value : values) {
        if (!std::isnan(value)) {
            sum += value;
            n += 1;
        }
    }
    for (double& value : values) {
        value = std::isnan(value) ? sum / std::max(n, 1.0) : value;
    }
}

/// How much each side counts, given what the items' labels are held to be.
struct Weights {
    std::vector<double> people;
    double model = 0;
    double right = 0;  ///< P: how often an answer is its item's label.
};

class Fold {
  public:
    explicit Fold(const Crowd& crowd)
        : crowd_(crowd), begin_(crowd.priors.size() + 1, 0), answers_(crowd.answers.size()) {
        for (const CrowdAnswer& answer : crowd.answers) {
            ++begin_[answer.item + 1];
        }
        std::partial_sum(begin_.begin(), begin_.end(), begin_.begin());
        auto next = begin_;
        for (const CrowdAnswer& answer : crowd.answers) {
            answers_[next[answer.item]++] = answer;
        }
    }

    [[nodiscard]] CrowdLabels labels() const {
        CrowdLabels result;
        result.label = majorities();
        result.quality.assign(items(), kNothing);
        result.person.assign(crowd_.people, kNothing);
        if (!anything_shared()) {
            for (std::size_t i = 0; i < items(); ++i) {
                if (result.label[i] >= 0 && crowd_.priors[i].label >= 0) {
                    result.quality[i] = prior(i, result.label[i]);
                }
            }
            return result;
        }
        const auto agreement = agreement_with_others();
        const Weights first = weights(result.label, agreement);
        for (std::size_t i = 0; i < items(); ++i) {
            result.label[i] = likeliest(i, first, result.label[i]);
        }
        const Weights last = weights(result.label, agreement);
        for (std::size_t i = 0; i < items(); ++i) {
            if (result.label[i] >= 0) {
                result.quality[i] = posterior(i, result.label[i], last);
            }
        }
        rate_people(last, result);
        return result;
    }

  private:
    using Answers = std::span<const CrowdAnswer>;

    [[nodiscard]] std::size_t items() const { return crowd_.priors.size(); }

    [[nodiscard]] Answers of(std::size_t item) const {
        return Answers(answers_).subspan(begin_[item], begin_[item + 1] - begin_[item]);
    }

    [[nodiscard]] static std::int64_t votes(Answers answers, std::int64_t label) {
        return std::ranges::count(answers, label, &CrowdAnswer::label);
    }

    [[nodiscard]] bool anything_shared() const {
        for (std::size_t i = 0; i < items(); ++i) {
            if (of(i).size() > 1) {
                return true;
            }
        }
        return false;
    }

    [[nodiscard]] double prior(std::size_t item, std::int64_t label) const {
        const CrowdPrior& said = crowd_.priors[item];
        return said.label == label
                   ? said.probability
                   : (1 - said.probability) / static_cast<double>(crowd_.labels - 1);
    }

    /// Labels that most people gave the item.
    [[nodiscard]] std::vector<std::int64_t> most_given(std::size_t item) const {
        const Answers answers = of(item);
        std::int64_t most = 0;
        for (const CrowdAnswer& answer : answers) {
            most = std::max(most, votes(answers, answer.label));
        }
        std::vector<std::int64_t> labels;
        for (const CrowdAnswer& answer : answers) {
            if (votes(answers, answer.label) == most) {
                labels.push_back(answer.label);
            }
        }
        std::ranges::sort(labels);
        labels.erase(std::ranges::unique(labels).begin(), labels.end());
        return labels;
    }

    /// Keeps those of greatest `worth`.
    template <typename Worth>
    static void keep_best(std::vector<std::int64_t>& labels, Worth worth) {
        double best = -std::numeric_limits<double>::infinity();
        for (const auto label : labels) {
            best = std::max(best, worth(label));
        }
        std::erase_if(labels, [&](auto label) { return worth(label) < best; });
    }

    /// The label of most; ties go to the one the model holds for likelier, then to the rarer one,
    /// then to that of people who mostly are with the untied majority, then to the lowest.
    [[nodiscard]] std::vector<std::int64_t> majorities() const {
        std::vector<double> frequency(crowd_.labels, 0);
        for (const CrowdAnswer& answer : answers_) {
            frequency[answer.label] += 1;
        }
        std::vector<std::int64_t> chosen(items(), -1);
        std::vector<std::pair<std::size_t, std::vector<std::int64_t>>> tied;
        std::vector<char> untied(items(), 0);
        for (std::size_t i = 0; i < items(); ++i) {
            auto labels = most_given(i);
            if (labels.empty()) {
                continue;
            }
            untied[i] = labels.size() == 1 ? 1 : 0;
            if (crowd_.priors[i].label >= 0) {
                keep_best(labels, [&](auto label) { return prior(i, label); });
            }
            keep_best(labels, [&](auto label) {
                return -frequency[static_cast<std::size_t>(label)];
            });
            chosen[i] = labels.front();
            if (labels.size() > 1) {
                tied.emplace_back(i, std::move(labels));
            }
        }
        if (tied.empty()) {
            return chosen;
        }
        const auto faith = agreement_with(chosen, untied);
        for (auto& [item, labels] : tied) {
            keep_best(labels, [&, i = item](auto label) {
                double sum = 0;
                for (const CrowdAnswer& answer : of(i)) {
                    sum += answer.label == label ? faith[answer.person] : 0;
                }
                return sum / static_cast<double>(votes(of(i), label));
            });
            chosen[item] = labels.front();
        }
        return chosen;
    }

    /// Of each person, how many of the own answers to `counted` items are the items' labels.
    [[nodiscard]] std::vector<double> agreement_with(
        const std::vector<std::int64_t>& labels, const std::vector<char>& counted
    ) const {
        auto agreement = shares_with(labels, [&](std::size_t item) { return counted[item] != 0; });
        fill_with_mean(agreement);
        return agreement;
    }

    template <typename Counts>
    [[nodiscard]] std::vector<double> shares_with(
        const std::vector<std::int64_t>& labels, Counts counts
    ) const {
        std::vector<double> same(crowd_.people, 0);
        std::vector<double> all(crowd_.people, 0);
        for (const CrowdAnswer& answer : answers_) {
            if (counts(answer.item)) {
                all[answer.person] += 1;
                same[answer.person] += answer.label == labels[answer.item] ? 1 : 0;
            }
        }
        std::ranges::transform(same, all, same.begin(), share_of);
        return same;
    }

    /// s: of the answers of others to a person's items, how many say the same.
    [[nodiscard]] std::vector<double> agreement_with_others() const {
        std::vector<double> same(crowd_.people, 0);
        std::vector<double> all(crowd_.people, 0);
        for (std::size_t i = 0; i < items(); ++i) {
            const Answers answers = of(i);
            for (const CrowdAnswer& answer : answers) {
                all[answer.person] += static_cast<double>(answers.size() - 1);
                same[answer.person] += static_cast<double>(votes(answers, answer.label) - 1);
            }
        }
        std::ranges::transform(same, all, same.begin(), share_of);
        fill_with_mean(same);
        return same;
    }

    [[nodiscard]] Weights weights(
        const std::vector<std::int64_t>& labels, const std::vector<double>& agreement
    ) const {
        std::vector<double> frequency(crowd_.labels, 0);
        double shared = 0;
        double agreeing = 0;
        double judged = 0;
        double model_wrong = 0;
        double answered = 0;
        for (std::size_t i = 0; i < items(); ++i) {
            const Answers answers = of(i);
            answered += answers.empty() ? 0 : 1;
            if (answers.size() < 2) {
                continue;
            }
            shared += 1;
            frequency[static_cast<std::size_t>(labels[i])] += 1;
            agreeing += static_cast<double>(votes(answers, labels[i])) /
                        static_cast<double>(answers.size());
            if (crowd_.priors[i].label >= 0) {
                judged += 1;
                model_wrong += first_of_model(i) == labels[i] ? 0 : 1;
            }
        }
        const double guess = std::max(kLeast, 1 - std::ranges::max(frequency) / shared);
        Weights weights;
        weights.right = agreeing / shared;
        weights.people.reserve(agreement.size());
        for (const double share : agreement) {
            weights.people.push_back(std::max(kLeast, 1 - (1 - share) / guess));
        }
        // A model that nothing could be compared with counts as one that guesses.
        const double error = judged > 0 ? model_wrong / judged : guess;
        weights.model = std::max(kLeast, 1 - error / guess) *
                        std::sqrt(static_cast<double>(answers_.size()) / answered);
        return weights;
    }

    /// Its label, or the lowest other one where less than an even share is left for that.
    [[nodiscard]] std::int64_t first_of_model(std::size_t item) const {
        const CrowdPrior& said = crowd_.priors[item];
        const std::int64_t other = said.label == 0 ? 1 : 0;
        const double lead = said.probability - prior(item, other);
        return lead > 0 || (lead == 0 && said.label < other) ? said.label : other;
    }

    /// p^ of one label.
    [[nodiscard]] double posterior(std::size_t item, std::int64_t label, const Weights& weights)
        const {
        const bool known = crowd_.priors[item].label >= 0;
        double sum = known ? weights.model * prior(item, label) : 0;
        double total = known ? weights.model : 0;
        const double wrong = (1 - weights.right) / static_cast<double>(crowd_.labels - 1);
        for (const CrowdAnswer& answer : of(item)) {
            const double weight = weights.people[answer.person];
            sum += weight * (answer.label == label ? weights.right : wrong);
            total += weight;
        }
        return sum / total;
    }

    /// The label of greatest p^; `otherwise` when several have it. All labels that nobody named
    /// have one value.
    [[nodiscard]] std::int64_t likeliest(
        std::size_t item, const Weights& weights, std::int64_t otherwise
    ) const {
        std::vector<std::int64_t> named;
        for (const CrowdAnswer& answer : of(item)) {
            named.push_back(answer.label);
        }
        if (named.empty()) {
            return -1;
        }
        if (crowd_.priors[item].label >= 0) {
            named.push_back(crowd_.priors[item].label);
        }
        std::ranges::sort(named);
        named.erase(std::ranges::unique(named).begin(), named.end());
        const bool one_unnamed = named.size() + 1 == crowd_.labels;
        const bool some_unnamed = named.size() < crowd_.labels;
        if (some_unnamed) {
            std::int64_t unnamed = 0;
            while (std::ranges::binary_search(named, unnamed)) {
                ++unnamed;
            }
            named.push_back(unnamed);
        }
        const std::int64_t unnamed = some_unnamed ? named.back() : -1;
        keep_best(named, [&](auto label) { return posterior(item, label, weights); });
        const bool alone = named.size() == 1 && (named.front() != unnamed || one_unnamed);
        return alone ? named.front() : otherwise;
    }

    void rate_people(const Weights& weights, CrowdLabels& result) const {
        std::vector<double> quality(crowd_.people, 0);
        std::vector<double> answers(crowd_.people, 0);
        for (const CrowdAnswer& answer : answers_) {
            quality[answer.person] += posterior(answer.item, answer.label, weights);
            answers[answer.person] += 1;
        }
        result.person =
            shares_with(result.label, [&](std::size_t item) { return of(item).size() > 1; });
        const double answered = static_cast<double>(
            std::ranges::count_if(result.label, [](auto label) { return label >= 0; })
        );
        const double people = std::accumulate(weights.people.begin(), weights.people.end(), 0.0) *
                              static_cast<double>(answers_.size()) / answered /
                              static_cast<double>(crowd_.people);
        const double share = weights.model / (weights.model + people);
        for (std::size_t w = 0; w < crowd_.people; ++w) {
            result.person[w] =
                share * share_of(quality[w], answers[w]) + (1 - share) * result.person[w];
        }
    }

    const Crowd& crowd_;
    std::vector<std::size_t> begin_;  ///< Of each item's answers, and the end of the last.
    std::vector<CrowdAnswer> answers_;
};

}  // namespace

CrowdLabels crowdlab(const Crowd& crowd) {
    return Fold(crowd).labels();
}

}  // namespace flywheel::stats
