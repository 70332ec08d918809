// SPDX-License-Identifier: Apache-2.0
#include "rooms/evaluation/gate.h"

#include <fmt/format.h>

#include "base/json_value.h"
#include "stats/paired.h"

namespace flywheel::evaluation {

namespace {

struct ClassCounts {
    std::int64_t n = 0;
    std::int64_t challenger = 0;
    std::int64_t champion = 0;
    stats::PairedCounts paired;
};

std::vector<ClassCounts> by_class(std::span<const PairedAnswer> answers, std::size_t classes) {
    std::vector<ClassCounts> counts(classes);
    for (const auto& answer : answers) {
        auto& slice = counts[static_cast<std::size_t>(answer.label)];
        ++slice.n;
        ++slice.paired.items;
        slice.challenger += answer.challenger_right ? 1 : 0;
        slice.champion += answer.champion_right ? 1 : 0;
        slice.paired.only_first += answer.challenger_right && !answer.champion_right ? 1 : 0;
        slice.paired.only_second += answer.champion_right && !answer.challenger_right ? 1 : 0;
    }
    return counts;
}

void fill_numbers(
    const GatePlan& plan, std::span<const PairedAnswer> answers, Evaluation& evaluation
) {
    evaluation.n = static_cast<std::int64_t>(answers.size());
    const double share = answers.empty() ? 0 : 1 / static_cast<double>(answers.size());
    for (const auto& answer : answers) {
        evaluation.both_right += answer.challenger_right && answer.champion_right ? 1 : 0;
        evaluation.only_challenger += answer.challenger_right && !answer.champion_right ? 1 : 0;
        evaluation.only_champion += answer.champion_right && !answer.challenger_right ? 1 : 0;
        evaluation.challenger_log_loss += answer.challenger_loss * share;
        evaluation.champion_log_loss += answer.champion_loss * share;
    }
    if (!evaluation.champion) {
        return;
    }
    const stats::PairedCounts counts{
        evaluation.only_challenger, evaluation.only_champion, evaluation.n
    };
    evaluation.p_better = stats::mcnemar_better(counts);
    evaluation.p_worse = stats::mcnemar_better(counts.swapped());
    evaluation.delta_lower = stats::tango_lower(counts, plan.alpha);
}

/// The first class in which the challenger is clearly worse, -1 when there is none.
std::int64_t harmed_class(const GatePlan& plan, const std::vector<ClassCounts>& classes) {
    for (std::size_t k = 0; k < classes.size(); ++k) {
        const auto& slice = classes[k];
        if (slice.n >= plan.slice_items_min && slice.paired.delta() <= -plan.slice_loss &&
            stats::mcnemar_better(slice.paired.swapped()) <= plan.alpha) {
            return static_cast<std::int64_t>(k);
        }
    }
    return -1;
}

void decide(
    const GatePlan& plan,
    const std::vector<ClassCounts>& classes,
    std::span<const std::string> labels,
    Evaluation& evaluation
) {
    const auto say = [&](Verdict verdict, std::string reason) {
        evaluation.verdict = verdict;
        evaluation.reason = std::move(reason);
    };
    const auto b = evaluation.only_challenger;
    const auto c = evaluation.only_champion;
    const auto n = evaluation.n;
    if (!evaluation.champion) {
        return say(
            Verdict::Promote,
            fmt::format("There is no champion yet; right on {} of {} hold-out items.", b, n)
        );
    }
    const std::string score = fmt::format("{} to {} on {} hold-out items", b, c, n);
    if (n < plan.items_min) {
        return say(
            Verdict::Undecided,
            fmt::format(
                "Too few hold-out items to judge: {}, at least {} needed.", score, plan.items_min
            )
        );
    }
    if (evaluation.p_worse <= plan.alpha) {
        return say(
            Verdict::Keep,
            fmt::format("The challenger is worse: {}, p = {:.4f}.", score, evaluation.p_worse)
        );
    }
    if (const auto k = harmed_class(plan, classes); k >= 0) {
        const auto& slice = classes[static_cast<std::size_t>(k)];
        return say(
            Verdict::Keep,
            fmt::format(
                "The challenger is worse in class '{}': {} to {} on {} items; {} in all.",
                labels[static_cast<std::size_t>(k)],
                slice.paired.only_first,
                slice.paired.only_second,
                slice.n,
                score
            )
        );
    }
    const bool calmer = evaluation.challenger_log_loss <= evaluation.champion_log_loss;
    const std::string numbers = fmt::format(
        "{}, the difference is above {:+.1f} points with {:.0f} %, log-loss {:.3f} against {:.3f}",
        score,
        100 * evaluation.delta_lower,
        100 * (1 - plan.alpha),
        evaluation.challenger_log_loss,
        evaluation.champion_log_loss
    );
    if (evaluation.delta_lower > -plan.margin && b >= c && (b > c || calmer)) {
        return say(Verdict::Promote, fmt::format("The challenger is no worse: {}.", numbers));
    }
    say(Verdict::Undecided, fmt::format("Neither is proven: {}.", numbers));
}

}  // namespace

void apply_gate(
    const GatePlan& plan,
    std::span<const PairedAnswer> answers,
    std::span<const std::string> labels,
    Evaluation& evaluation
) {
    fill_numbers(plan, answers, evaluation);
    const auto classes = by_class(answers, labels.size());
    Json per_class = Json::array();
    for (std::size_t k = 0; k < classes.size(); ++k) {
        per_class.push_back(
            {{"label", labels[k]},
             {"n", classes[k].n},
             {"challenger", classes[k].challenger},
             {"champion", classes[k].champion}}
        );
    }
    evaluation.per_class = {canonical(per_class)};
    decide(plan, classes, labels, evaluation);
}

}  // namespace flywheel::evaluation
