// SPDX-License-Identifier: Apache-2.0
#include "rooms/labeling/agreement.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace flywheel::labeling {

namespace {

constexpr double kMillis = 1000;

double median(std::vector<double>& values) {
    if (values.empty()) {
        return 0;
    }
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    if (values.size() % 2 == 1) {
        return *middle;
    }
    return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

/// True when no other label has more votes than `choice` among all but those of `actor`.
bool agrees_with_others(const std::vector<Vote>& votes, const Vote& own) {
    std::map<std::int64_t, std::int64_t> others;
    for (const Vote& vote : votes) {
        others[vote.choice] += vote.actor != own.actor ? 1 : 0;
    }
    const std::int64_t most =
        std::ranges::max_element(others, {}, [](const auto& one) { return one.second; })->second;
    return others[own.choice] == most;
}

/// 0 = the same, 1 = nothing in common: |A or B but not both| / |A or B| (Jaccard 1901).
double jaccard_distance(const std::vector<std::int64_t>& a, const std::vector<std::int64_t>& b) {
    std::vector<std::int64_t> either;
    std::ranges::set_union(a, b, std::back_inserter(either));
    std::vector<std::int64_t> one_only;
    std::ranges::set_symmetric_difference(a, b, std::back_inserter(one_only));
    return either.empty()
               ? 0
               : static_cast<double>(one_only.size()) / static_cast<double>(either.size());
}

/// What two people say of one item.
void count_pair(const Vote& one, const Vote& other, Agreement& result) {
    const int agree = one.choice == other.choice ? 1 : 0;
    result.pairs.trials += 1;
    result.pairs.successes += agree;
    if (one.blind || other.blind) {
        result.blind.trials += 1;
        result.blind.successes += agree;
    }
}

/// Where it became complete, and whether the two agree.
using DoubleAnswer = std::pair<std::uint32_t, bool>;

/// Of the votes about one item.
void add_blind_pairs(const std::vector<Vote>& votes, std::vector<DoubleAnswer>& pairs) {
    for (std::size_t i = 0; i < votes.size(); ++i) {
        for (std::size_t j = i + 1; j < votes.size(); ++j) {
            if (votes[i].blind || votes[j].blind) {
                const auto place = std::max(votes[i].place, votes[j].place);
                pairs.emplace_back(place, votes[i].choice == votes[j].choice);
            }
        }
    }
}

/// Coincidences of labels within items, each item weighted by 1 / (answers - 1).
class Coincidences {
  public:
    explicit Coincidences(const ChoiceSets& sets) : sets_(sets) {}

    void add(const std::vector<Vote>& votes) {
        const double weight = 1.0 / static_cast<double>(votes.size() - 1);
        for (const Vote& vote : votes) {
            of_label_[vote.choice] += 1;
            total_ += 1;
        }
        for (std::size_t i = 0; i < votes.size(); ++i) {
            for (std::size_t j = 0; j < votes.size(); ++j) {
                differing_ += weight * distance(votes[i].choice, votes[j].choice);
            }
        }
    }

    [[nodiscard]] std::optional<double> alpha() const {
        const double expected = sets_.empty() ? expected_of_labels() : expected_of_sets();
        if (expected <= 0) {
            return std::nullopt;
        }
        return 1 - (total_ - 1) * differing_ / expected;
    }

  private:
    [[nodiscard]] double distance(std::int64_t a, std::int64_t b) const {
        if (sets_.empty() || a == b) {
            return a == b ? 0 : 1;
        }
        return jaccard_distance(sets_.at(a), sets_.at(b));
    }

    /// Sum over pairs of different labels.
    [[nodiscard]] double expected_of_labels() const {
        double expected = total_ * total_;
        for (const auto& [label, count] : of_label_) {
            expected -= count * count;
        }
        return expected;
    }

    [[nodiscard]] double expected_of_sets() const {
        double expected = 0;
        for (const auto& [one, count] : of_label_) {
            for (const auto& [other, others] : of_label_) {
                expected += count * others * distance(one, other);
            }
        }
        return expected;
    }

    const ChoiceSets& sets_;
    std::map<std::int64_t, double> of_label_;
    double total_ = 0;
    double differing_ = 0;
};

}  // namespace

std::uint32_t AgreementCount::number_of(const std::string& actor) {
    const auto [place, added] =
        numbers_.try_emplace(actor, static_cast<std::uint32_t>(people_.size()));
    if (added) {
        people_.emplace_back().actor = actor;
    }
    return place->second;
}

void AgreementCount::add(const LabelEvent& event) {
    fold_.add(event);
    const bool says = event.action == LabelAction::Answer || event.action == LabelAction::Skip ||
                      event.action == LabelAction::Flag;
    if (event.actor_kind != ActorKind::Human || !says) {
        return;
    }
    Said said;
    said.id = event.id;
    said.actor = number_of(event.actor);
    said.action = event.action;
    said.choice = event.value.empty() ? event.choice.value_or(-1) : sets_.place_of(event.value);
    said.blind = event.blind;
    said.gold = event.gold;
    if (event.t_shown > 0 && event.t_saved >= event.t_shown) {
        said.seconds = static_cast<double>(event.t_saved - event.t_shown) / kMillis;
    }
    Annotator& person = people_[said.actor];
    person.newest = std::max(person.newest, event.received);
    if (said.action == LabelAction::Answer) {
        (event.gold ? gold_ : answers_)[event.item].push_back(static_cast<std::uint32_t>(said_.size(
        )));
    }
    said_.push_back(said);
}

/// What each person says of an item; `places` in order of seq, so the newest that lives counts.
std::vector<Vote> AgreementCount::votes_at(const std::vector<std::uint32_t>& places) const {
    std::map<std::uint32_t, Vote> newest;
    for (const std::uint32_t place : places) {
        const Said& said = said_[place];
        if (fold_.live(said.id)) {
            newest[said.actor] = {said.actor, said.choice, said.blind, place};
        }
    }
    std::vector<Vote> votes;
    votes.reserve(newest.size());
    for (const auto& [actor, vote] : newest) {
        votes.push_back(vote);
    }
    return votes;
}

void AgreementCount::count_gold(Agreement& result) const {
    for (const auto& [item, places] : gold_) {
        const auto label = fold_.label(item);
        if (!label || !label->gold) {
            continue;  // what it was measured by was taken back
        }
        for (const Vote& vote : votes_at(places)) {
            stats::Share& gold = result.annotators[vote.actor].gold;
            gold.trials += 1;
            const bool right = sets_.empty()
                                   ? vote.choice == label->label
                                   : value_of_choices(sets_.at(vote.choice)) == label->value;
            gold.successes += right ? 1 : 0;
        }
    }
}

void AgreementCount::count_events(Agreement& result) const {
    std::vector<std::vector<double>> seconds(people_.size());
    for (const Said& said : said_) {
        Annotator& person = result.annotators[said.actor];
        if (!fold_.live(said.id)) {
            person.undone += 1;
            continue;
        }
        person.answers += said.action == LabelAction::Answer ? 1 : 0;
        person.skips += said.action == LabelAction::Skip ? 1 : 0;
        person.flags += said.action == LabelAction::Flag ? 1 : 0;
        if (said.action == LabelAction::Answer && said.seconds >= 0) {
            seconds[said.actor].push_back(said.seconds);
        }
    }
    for (std::size_t i = 0; i < people_.size(); ++i) {
        result.annotators[i].timed = static_cast<std::int64_t>(seconds[i].size());
        result.annotators[i].seconds_median = median(seconds[i]);
    }
}

void AgreementCount::count_confused(
    std::int64_t one,
    std::int64_t other,
    std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t>& confused
) const {
    if (one == other) {
        return;
    }
    if (sets_.empty()) {
        ++confused[std::minmax(one, other)];
        return;
    }
    std::vector<std::int64_t> left;
    std::ranges::set_difference(sets_.at(one), sets_.at(other), std::back_inserter(left));
    std::vector<std::int64_t> right;
    std::ranges::set_difference(sets_.at(other), sets_.at(one), std::back_inserter(right));
    for (auto* side : {&left, &right}) {
        if (side->empty()) {
            side->push_back(-1);
        }
    }
    for (const auto a : left) {
        for (const auto b : right) {
            ++confused[std::minmax(a, b)];
        }
    }
}

std::vector<bool> AgreementCount::blind_pairs() const {
    std::vector<DoubleAnswer> pairs;
    for (const auto& [item, places] : answers_) {
        add_blind_pairs(votes_at(places), pairs);
    }
    std::ranges::sort(pairs);
    std::vector<bool> agree;
    agree.reserve(pairs.size());
    for (const auto& [place, same] : pairs) {
        agree.push_back(same);
    }
    return agree;
}

std::optional<stats::Contrast> newest_disagreement(const std::vector<bool>& agree) {
    const std::size_t blocks = agree.size() / kDisagreementBlock;
    if (blocks < 2) {
        return std::nullopt;
    }
    const auto split =
        agree.begin() + static_cast<std::ptrdiff_t>((blocks - 1) * kDisagreementBlock);
    const auto differing = [](auto begin, auto end) {
        return stats::Share{
            static_cast<double>(std::count(begin, end, false)), static_cast<double>(end - begin)
        };
    };
    const auto end = split + static_cast<std::ptrdiff_t>(kDisagreementBlock);
    return stats::contrast(
        differing(split, end), differing(agree.begin(), split), kDisagreementConfidence
    );
}

Agreement AgreementCount::agreement() const {
    Agreement result;
    result.annotators = people_;
    count_events(result);
    count_gold(result);
    Coincidences coincidences(sets_);
    std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> confused;
    for (const auto& [item, places] : answers_) {
        const std::vector<Vote> votes = votes_at(places);
        result.items += votes.empty() ? 0 : 1;
        if (votes.size() < 2) {
            continue;
        }
        result.shared += 1;
        coincidences.add(votes);
        for (std::size_t i = 0; i < votes.size(); ++i) {
            stats::Share& own = result.annotators[votes[i].actor].agreement;
            own.trials += 1;
            own.successes += agrees_with_others(votes, votes[i]) ? 1 : 0;
            for (std::size_t j = i + 1; j < votes.size(); ++j) {
                count_pair(votes[i], votes[j], result);
                count_confused(votes[i].choice, votes[j].choice, confused);
            }
        }
    }
    result.alpha = coincidences.alpha();
    for (const auto& [labels, pairs] : confused) {
        result.confused.push_back({labels.first, labels.second, pairs});
    }
    std::ranges::stable_sort(result.confused, std::ranges::greater(), &ConfusedPair::pairs);
    std::ranges::stable_sort(result.annotators, std::ranges::greater(), &Annotator::answers);
    return result;
}

}  // namespace flywheel::labeling
