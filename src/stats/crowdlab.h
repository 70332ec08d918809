#pragma once
// SPDX-License-Identifier: Apache-2.0
// CROWDLAB: what is the label of an item that several people labelled, how sure is that, and how
// good is each of them, from their answers and a model's opinion together. Used by labeling for
// review and for reports on people; pure functions, any thread.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace flywheel::stats {

struct CrowdAnswer {
    std::uint32_t item = 0;
    std::uint32_t person = 0;
    std::uint32_t label = 0;
};

/// What a model that never saw the answers says of an item: its first label and the probability of
/// that one. What it leaves to others is spread evenly over them, for only the first is known.
struct CrowdPrior {
    std::int64_t label = -1;  ///< -1: it says nothing; then people alone decide about the item.
    double probability = 0;
};

struct Crowd {
    std::size_t labels = 2;  ///< At least 2.
    std::size_t people = 0;
    std::span<const CrowdPrior> priors;    ///< One an item.
    std::span<const CrowdAnswer> answers;  ///< Any order; at most one of (item, person).
};

struct CrowdLabels {
    std::vector<std::int64_t> label;  ///< Of each item; -1 without answers.
    /// Of each item: probability that `label` is right; NaN where nothing tells (no answers; or one
    /// answer each everywhere, and no model).
    std::vector<double> quality;
    /// Of each person: mean quality of the own labels, and how often they are the items' labels,
    /// weighted as the model and people are; NaN without an item that somebody else answered, too.
    std::vector<double> person;
};

/// Goh, Tkachenko, Mueller, "CROWDLAB" (NeurIPS 2022 workshop on human in the loop learning),
/// sections 3 and 4: weights from how far people and the model beat the most frequent label.
/// O(answers), and O(people + items) memory.
[[nodiscard]] CrowdLabels crowdlab(const Crowd& crowd);

}  // namespace flywheel::stats
