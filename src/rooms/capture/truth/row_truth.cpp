// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/truth/row_truth.h"

#include <algorithm>

#include "rooms/capture/frames/captured_keys.h"

namespace flywheel {

namespace {

constexpr std::size_t kSources = 3;  // of feedback

/// A target that is a Prediction id means that row, any other the row of the request it says.
bool means_this_row(const Feedback& said, const Prediction& row) {
    if (said.model != row.model || !is_about(said.target, row)) {
        return false;
    }
    const auto uuid = Uuid::parse(said.target);
    const bool names_row = uuid && uuid->row() != 0;
    return names_row ? *uuid == row.id.uuid : said.row == row.id.uuid.row();
}

}  // namespace

/// What each source of feedback says last, by its place in FeedbackSource.
struct TruthJoin::Standing {
    std::array<const Feedback*, kSources> label{};
    std::array<const Feedback*, kSources> correct{};

    void take(const Feedback& said) {
        const auto source = static_cast<std::size_t>(said.source);
        switch (said.kind) {
            case FeedbackKind::Label:
                label[source] = &said;
                break;
            case FeedbackKind::Correct:
                correct[source] = &said;
                break;
            case FeedbackKind::Score:
                break;
            case FeedbackKind::Retract:
                label[source] = nullptr;
                correct[source] = nullptr;
                break;
        }
    }
};

TruthJoin::TruthJoin(std::span<const Feedback> feedback) : feedback_(feedback) {
    for (std::size_t i = 0; i < feedback.size(); ++i) {
        const auto key = key_of(feedback[i].model, feedback[i].target);
        by_target_[key].push_back(static_cast<std::uint32_t>(i));
    }
}

/// In order of arrival; the request and the client's name for it are two keys of one row.
std::vector<const Feedback*> TruthJoin::about(const Prediction& row) const {
    std::vector<std::uint32_t> places;
    const std::array keys = {key_of(row.model, row.id.uuid), key_of(row.model, row.request_id)};
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const auto found = by_target_.find(keys[i]);
        if (found != by_target_.end() && (i == 0 || keys[i] != keys[0])) {
            places.insert(places.end(), found->second.begin(), found->second.end());
        }
    }
    std::ranges::sort(places);
    std::vector<const Feedback*> said;
    for (const std::uint32_t place : places) {
        if (means_this_row(feedback_[place], row)) {
            said.push_back(&feedback_[place]);
        }
    }
    return said;
}

std::optional<RowTruth> TruthJoin::truth_as_of(const ServedRow& served, Time as_of) const {
    std::array<const LabelledTruth*, 2> labelled{};
    for (const LabelledTruth& one : served.labelled) {
        CHECK(one.source <= TruthSource::Consensus);
        const LabelledTruth*& last = labelled[static_cast<std::size_t>(one.source)];
        if (one.arrived <= as_of && (last == nullptr || last->arrived <= one.arrived)) {
            last = &one;
        }
    }
    Standing standing;
    for (const Feedback* said : about(served.row)) {
        if (said->arrived <= as_of) {
            standing.take(*said);
        }
    }
    // What stands, from the strongest to the weakest.
    std::vector<RowTruth> voices;
    for (const LabelledTruth* one : labelled) {
        if (one != nullptr && !one->label.empty()) {
            voices.push_back({one->label, one->source, one->arrived});
        }
    }
    for (std::size_t source = 0; source < kSources; ++source) {
        if (const Feedback* said = standing.label[source]) {
            const auto strength = static_cast<std::size_t>(TruthSource::Annotator) + source;
            voices.push_back({said->label, static_cast<TruthSource>(strength), said->arrived});
        }
    }
    int denied = 0;
    for (const Feedback* said : standing.correct) {
        if (said != nullptr && said->value != 0 && !served.served_label.empty()) {
            voices.push_back(
                {std::string(served.served_label), TruthSource::Confirmed, said->arrived}
            );
        }
        denied += said != nullptr && said->value == 0 ? 1 : 0;
    }
    if (voices.empty()) {
        return std::nullopt;
    }
    RowTruth truth = voices[0];
    for (std::size_t i = 1; i < voices.size(); ++i) {
        ++(voices[i].label == truth.label ? truth.agreeing : truth.conflicting);
    }
    truth.conflicting += truth.label == served.served_label ? denied : 0;
    return truth;
}

}  // namespace flywheel
