// SPDX-License-Identifier: Apache-2.0
#include "rooms/labeling/anchoring.h"

#include <algorithm>
#include <map>
#include <utility>

namespace flywheel::labeling {

namespace {

constexpr double kMillisOfSecond = 1000;
// Faster is a slip of a finger, slower a cup of coffee.
constexpr double kLeastSeconds = .15;
constexpr double kMostSeconds = 600;

double median(std::vector<float>& values) {
    if (values.empty()) {
        return 0;
    }
    std::ranges::sort(values);
    const std::size_t middle = values.size() / 2;
    return values.size() % 2 == 1
               ? static_cast<double>(values[middle])
               : (static_cast<double>(values[middle - 1]) + static_cast<double>(values[middle])) /
                     2;
}

}  // namespace

void AnchoringCount::add(const LabelEvent& event) {
    const bool compared =
        event.suggestion == SuggestionState::Shown || event.suggestion == SuggestionState::Hidden;
    if (event.action != LabelAction::Answer || event.actor_kind != ActorKind::Human || !compared ||
        !event.choice || !event.suggested) {
        return;
    }
    Said said;
    said.event = event.id;
    said.item = event.item;
    said.schema_version = event.schema_version;
    said.choice = static_cast<std::int32_t>(*event.choice);
    said.suggested = static_cast<std::int32_t>(*event.suggested);
    const auto next = static_cast<std::uint32_t>(actors_.size());
    said.actor = actors_.try_emplace(event.actor, next).first->second;
    said.visible = event.suggestion == SuggestionState::Shown;
    if (event.t_shown > 0) {
        const double seconds = static_cast<double>(event.t_saved - event.t_shown) / kMillisOfSecond;
        said.seconds =
            seconds >= kLeastSeconds && seconds <= kMostSeconds ? static_cast<float>(seconds) : -1;
    }
    said_.push_back(said);
}

Anchoring AnchoringCount::report(const LabelFold& fold, std::int64_t schema_version, double most)
    const {
    Anchoring report;
    report.most = most;
    report.schema_version = schema_version;
    std::vector<float> visible;
    std::vector<float> hidden;
    std::map<std::pair<Digest, std::uint32_t>, const Said*> judged;
    for (const Said& said : said_) {
        if (said.schema_version != schema_version || !fold.live(said.event)) {
            continue;
        }
        if (said.seconds >= 0) {
            (said.visible ? visible : hidden).push_back(said.seconds);
        }
        if (const auto truth = fold.decided(said.item); truth && *truth != said.suggested) {
            judged[{said.item, said.actor}] = &said;
        }
    }
    for (const auto& [whose, said] : judged) {
        stats::Share& share = said->visible ? report.visible : report.hidden;
        share.trials += 1;
        share.successes += said->choice == said->suggested ? 1 : 0;
    }
    report.timed_visible = static_cast<std::int64_t>(visible.size());
    report.timed_hidden = static_cast<std::int64_t>(hidden.size());
    report.seconds_visible = median(visible);
    report.seconds_hidden = median(hidden);
    if (report.known()) {
        report.difference = report.visible.value() - report.hidden.value();
        report.interval = stats::newcombe_difference(report.visible, report.hidden);
    }
    return report;
}

}  // namespace flywheel::labeling
