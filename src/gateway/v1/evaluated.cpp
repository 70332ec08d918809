// SPDX-License-Identifier: Apache-2.0
// The rows behind a judgement: what champion and challenger say of each hold-out item.
#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "base/json_value.h"
#include "gateway/v1/exchange.h"
#include "gateway/v1/label_json.h"

namespace flywheel::gateway {

namespace {

constexpr std::size_t kMostRows = 5000;

/// {"label", "probability"} of the greatest score.
Json answer_of(const std::vector<float>& scores, const std::vector<std::string>& labels) {
    if (scores.empty()) {
        return nullptr;
    }
    const auto top = static_cast<std::size_t>(std::ranges::max_element(scores) - scores.begin());
    return {{"label", labels.at(top)}, {"probability", scores[top]}};
}

Json scores_json(const std::vector<float>& scores) {
    return scores.empty() ? Json(nullptr) : Json(scores);
}

/// The hold-out rows that were judged, as the loop chose them.
Result<std::vector<datasets::Row>> judged_rows(const V1Rooms& rooms, const Evaluation& evaluation) {
    Time oldest = Time::min();
    if (evaluation.turn) {
        const Turn turn = TRY(rooms.records.turns.get(*evaluation.turn));
        oldest = turn.window_end - rooms.conductor.policy().gate_window;
    }
    return loop::judging_rows(TRY(rooms.datasets.rows_of(evaluation.dataset)), oldest);
}

/// The newest remark on each item; "" where there is none.
Result<std::map<Digest, std::string>> notes_of(const V1Rooms& rooms, const std::string& model) {
    labeling::HistoryWish wish;
    wish.model = model;
    wish.action = LabelAction::Flag;
    wish.limit = kMostListed;
    std::map<Digest, std::string> notes;
    for (auto& past : TRY(rooms.labeling.history(wish))) {
        if (!past.undone && !past.event.reason.empty()) {
            notes.emplace(past.event.item, std::move(past.event.reason));  // newest first
        }
    }
    return notes;
}

Result<void> evaluation_rows(
    const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
) {
    const std::string model = TRY(known_model(rooms, request.parameter("model")));
    TRY(Query::parse(request.query, {}));
    const auto id = TRY(Id<Evaluation>::parse(request.parameter("evaluation")));
    const Evaluation evaluation = TRY(rooms.records.evaluations.get(id));
    if (evaluation.model != model) {
        return not_found("No such evaluation of this model: " + id.text());
    }
    const auto challenger = TRY(rooms.records.versions.get(evaluation.challenger));
    std::optional<ModelVersion> champion;
    if (evaluation.champion) {
        champion = TRY(rooms.records.versions.get(*evaluation.champion));
    }
    auto judged = TRY(judged_rows(rooms, evaluation));
    judged.resize(std::min(judged.size(), kMostRows));
    std::vector<std::string> texts;
    for (const auto& row : judged) {
        texts.push_back(row.text);
    }
    const auto answers = TRY(rooms.evaluation->answers_again(evaluation, texts));
    const Schema schema = TRY(rooms.labeling.schema(model));
    const auto notes = TRY(notes_of(rooms, model));
    Json rows = Json::array();
    for (std::size_t i = 0; i < judged.size(); ++i) {
        const auto note = notes.find(judged[i].item);
        rows.push_back(
            {{"item", judged[i].item.hex()},
             {"text", judged[i].text},
             {"truth", label_name(schema, judged[i].label)},
             {"challenger", answer_of(answers[i].challenger, challenger.labels)},
             {"champion",
              champion ? answer_of(answers[i].champion, champion->labels) : Json(nullptr)},
             {"scores_challenger", scores_json(answers[i].challenger)},
             {"scores_champion", scores_json(answers[i].champion)},
             {"note", note != notes.end() ? note->second : ""}}
        );
    }
    answer_json(
        response,
        {{"labels", challenger.labels},
         {"challenger", challenger.number},
         {"champion", champion ? Json(champion->number) : Json(nullptr)},
         {"dataset", evaluation.dataset.hex()},
         {"n", evaluation.n},
         {"rows", std::move(rows)}}
    );
    return {};
}

}  // namespace

void add_evaluated_routes(Gateway& gateway, const V1Rooms& rooms) {
    if (rooms.evaluation == nullptr) {
        return;
    }
    add_slow_routes(
        gateway,
        rooms,
        {{http::Method::Get,
          "/v1/models/{model}/evaluations/{evaluation}/rows",
          "evaluation_rows",
          evaluation_rows}}
    );
}

}  // namespace flywheel::gateway
