// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/truth/row_truth.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "rooms/capture/frames/captured_keys.h"

namespace flywheel {

void Standing::take(const Signal& signal, const std::string& label) {
    const auto source = static_cast<std::size_t>(signal.source);
    switch (signal.kind) {
        case FeedbackKind::Label:
            label_[source] = {&label, signal.arrived, false};
            break;
        case FeedbackKind::Correct:
            correct_[source] = {&label, signal.arrived, signal.yes};
            break;
        case FeedbackKind::Score:
            break;
        case FeedbackKind::Retract:
            label_[source] = {};
            correct_[source] = {};
            break;
    }
}

void Standing::take(std::span<const LabelledTruth> labelled, Time as_of) {
    for (const LabelledTruth& one : labelled) {
        CHECK(one.source <= TruthSource::Consensus);
        const LabelledTruth*& last = labelled_[static_cast<std::size_t>(one.source)];
        if (one.arrived <= as_of && (last == nullptr || last->arrived <= one.arrived)) {
            last = &one;
        }
    }
}

std::optional<RowTruth> Standing::truth(std::string_view served_label) const {
    std::optional<RowTruth> truth;
    const auto hear = [&](std::string_view label, TruthSource source, Time arrived) {
        if (!truth) {
            truth = {std::string(label), source, arrived};
        } else {
            ++(label == truth->label ? truth->agreeing : truth->conflicting);
        }
    };
    for (const LabelledTruth* one : labelled_) {
        if (one != nullptr && !one->label.empty()) {
            hear(one->label, one->source, one->arrived);
        }
    }
    for (std::size_t source = 0; source < kSources; ++source) {
        if (label_[source].label != nullptr) {
            const auto strength = static_cast<std::size_t>(TruthSource::Annotator) + source;
            hear(*label_[source].label, static_cast<TruthSource>(strength), label_[source].arrived);
        }
    }
    int denied = 0;
    for (const Word& word : correct_) {
        if (word.label != nullptr && word.yes && !served_label.empty()) {
            hear(served_label, TruthSource::Confirmed, word.arrived);
        }
        denied += word.label != nullptr && !word.yes ? 1 : 0;
    }
    if (truth && truth->label == served_label) {
        truth->conflicting += denied;
    }
    return truth;
}

RowTruths::RowTruths(std::span<const Feedback> feedback) {
    for (const Feedback& said : feedback) {
        signals_.add(said);
    }
    signals_.finish();
}

std::optional<RowTruth> RowTruths::truth_as_of(const ServedRow& served, Time as_of) const {
    std::vector<std::uint32_t> numbers;
    signals_.about(served.row, [&](std::uint32_t number, SignalTable::By) {
        numbers.push_back(number);
    });
    std::ranges::sort(numbers, {}, [&](std::uint32_t number) {
        const Signal& signal = signals_.signal(number);
        return std::pair(signal.arrived, signal.order);
    });
    Standing standing;
    standing.take(served.labelled, as_of);
    for (const std::uint32_t number : numbers) {
        const Signal& signal = signals_.signal(number);
        if (signal.arrived <= as_of) {
            standing.take(signal, signals_.label_of(signal));
        }
    }
    return standing.truth(served.served_label);
}

}  // namespace flywheel
