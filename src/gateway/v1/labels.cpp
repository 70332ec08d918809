// SPDX-License-Identifier: Apache-2.0
// The label-task calls: what to ask people, what they answered, how far they are, and the labels.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/json_value.h"
#include "gateway/v1/exchange.h"
#include "gateway/v1/label_json.h"
#include "records/label_fold.h"
#include "tasks/text/choice.h"

namespace flywheel::gateway {

namespace {

constexpr std::int64_t kMostTasks = 100;
constexpr std::size_t kMostAnswers = 1000;
constexpr std::string_view kCsvType = "text/csv; charset=utf-8";

Json question_json(const labeling::Question& question) {
    Json suggestion = nullptr;
    const auto suggested = question.task.suggested;
    if (question.suggestion == labeling::SuggestionState::Shown && suggested >= 0 &&
        suggested < static_cast<std::int64_t>(question.labels.size())) {
        suggestion = {
            {"label", question.labels[static_cast<std::size_t>(suggested)]},
            {"probability", question.task.suggested_probability}
        };
    }
    Json json = {
        {"task_id", question.task.id.text()},
        {"turn", question.task.turn.text()},
        {"text", question.payload},
        {"kind", enum_name(question.kind)},
        {"labels", question.labels},
        {"suggestion", suggestion},
        {"suggestion_state", enum_name(question.suggestion)},
        {"left", question.left}
    };
    if (question.anchored) {
        json["suggestion_off_because"] = "anchoring";
    }
    return json;
}

Result<void> next_tasks(
    const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
) {
    const std::string model = TRY(known_model(rooms, request.parameter("model")));
    const Query query = TRY(Query::parse(request.query, {"actor", "count"}));
    const std::string actor = query.text("actor");
    if (actor.empty()) {
        return invalid_argument("Say who will answer: query parameter 'actor' is missing");
    }
    if (!may_speak_for(rooms, request, actor)) {
        response.become_error(kForbidden, not_your_name(request, actor));
        return {};
    }
    const auto count = TRY(query.integer("count", 1, 1, kMostTasks));
    const auto questions = TRY(rooms.labeling.next(model, actor, static_cast<int>(count)));
    Json tasks = Json::array();
    for (const auto& question : questions) {
        tasks.push_back(question_json(question));
    }
    answer_json(
        response, {{"tasks", tasks}, {"left", questions.empty() ? 0 : questions.front().left}}
    );
    return {};
}

Result<labeling::AnswerRequest> answer_request(const Json& body) {
    if (!body.is_object()) {
        return invalid_argument(
            fmt::format("An answer must be a JSON object, but is: {}", body.type_name())
        );
    }
    labeling::AnswerRequest answer;
    answer.event_id = TRY(optional_string(body, "event_id")).value_or("");
    answer.actor = TRY(string_field(body, "actor"));
    answer.action =
        TRY(parse_enum<LabelAction>(TRY(optional_string(body, "action")).value_or("answer"))
                .within("field 'action'"));
    if (answer.action == LabelAction::Adjudicate || answer.action == LabelAction::GoldSet) {
        return invalid_argument(fmt::format(
            "field 'action': what decides goes to POST /v1/models/{{model}}/review or gold: '{}'",
            enum_name(answer.action)
        ));
    }
    // An undo names what it undoes; everything else needs its task.
    answer.task_id = answer.action == LabelAction::Undo
                         ? TRY(optional_string(body, "task_id")).value_or("")
                         : TRY(string_field(body, "task_id"));
    answer.label = TRY(optional_string(body, "label")).value_or("");
    answer.labels = TRY(optional_names(body, "labels"));
    answer.reason = TRY(optional_string(body, "reason")).value_or("");
    answer.target = TRY(optional_string(body, "target")).value_or("");
    answer.t_shown = TRY(optional_integer(body, "t_shown")).value_or(0);
    answer.t_saved = TRY(optional_integer(body, "t_saved")).value_or(0);
    return answer;
}

Result<Json> give_answer(const V1Rooms& rooms, const Json& body) {
    const auto receipt = TRY(rooms.labeling.answer(TRY(answer_request(body))));
    return Json{
        {"event_id", receipt.event.text()}, {"seq", receipt.seq}, {"repeated", receipt.repeated}
    };
}

std::string actor_of(const Json& answer) {
    const auto actor = optional_string(answer, "actor");
    return actor ? actor->value_or("") : "";  // what is wrong with it is said later
}

/// Each for itself: a bad answer does not cost the good ones around it.
Result<Json> give_answers(
    const V1Rooms& rooms, const http::HttpRequest& request, const Json& answers
) {
    if (!answers.is_array() || answers.size() > kMostAnswers) {
        return invalid_argument(
            fmt::format("Field 'answers' must be a list of at most {} answers", kMostAnswers)
        );
    }
    Json results = Json::array();
    std::int64_t refused = 0;
    for (const Json& answer : answers) {
        if (const std::string actor = answer.is_object() ? actor_of(answer) : "";
            !actor.empty() && !may_speak_for(rooms, request, actor)) {
            ++refused;
            results.push_back({{"error", not_your_name(request, actor)}, {"status", kForbidden}});
            continue;
        }
        auto result = give_answer(rooms, answer);
        if (result) {
            results.push_back(std::move(*result));
            continue;
        }
        ++refused;
        const Error& error = result.error();
        results.push_back({{"error", error.message}, {"status", http_status(error.code)}});
    }
    const auto all = static_cast<std::int64_t>(results.size());
    return Json{{"results", results}, {"accepted", all - refused}, {"refused", refused}};
}

Result<void> post_labels(
    const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
) {
    const Json body = TRY(object_body(request));
    const bool many = body.contains("answers");
    if (const std::string actor = many ? "" : actor_of(body);
        !actor.empty() && !may_speak_for(rooms, request, actor)) {
        response.become_error(kForbidden, not_your_name(request, actor));
        return {};
    }
    const Json answer = many ? TRY(give_answers(rooms, request, body.at("answers")))
                             : TRY(give_answer(rooms, body));
    if (rooms.wake_loop) {
        rooms.wake_loop();
    }
    answer_json(response, answer);
    return {};
}

Result<void> label_progress(
    const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
) {
    const std::string model = TRY(known_model(rooms, request.parameter("model")));
    const Query query = TRY(Query::parse(request.query, {"turn"}));
    std::optional<Id<Turn>> turn;
    if (const std::string id = query.text("turn"); !id.empty()) {
        turn = TRY(Id<Turn>::parse(id).within("query parameter 'turn'"));
    }
    const auto progress = TRY(rooms.labeling.progress(model, turn));
    answer_json(
        response,
        {{"tasks", progress.tasks},
         {"answered", progress.answered},
         {"skipped", progress.skipped},
         {"open", progress.open}}
    );
    return {};
}

std::string csv_field(std::string_view text) {
    if (text.find_first_of("\",\r\n") == std::string_view::npos) {
        return std::string(text);
    }
    std::string quoted = "\"";
    for (const char c : text) {
        quoted += c == '"' ? "\"\"" : std::string(1, c);
    }
    return quoted + "\"";
}

/// What an import reads as the same label.
std::string label_cell(const Schema& schema, const ItemLabel& label) {
    if (!label.value.empty()) {
        const std::string_view between(&text::kSeparator, 1);
        const auto names = text::names_of_value(schema, label.value);
        // An empty cell would be a row without a label; this is one whose label is "none of them".
        return names.empty() ? std::string(between) : fmt::format("{}", fmt::join(names, between));
    }
    const auto place = static_cast<std::size_t>(label.label);
    const bool named = label.label >= 0 && place < schema.labels.size();
    return named ? schema.labels[place] : "";
}

/// The current label of each item, with its text, as CSV.
Result<void> labels_csv(
    const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
) {
    const std::string model = TRY(known_model(rooms, request.parameter("model")));
    const Schema schema = TRY(rooms.labeling.schema(model));
    const LabelFold fold = TRY(label_fold(rooms, model));
    response.content_type = kCsvType;
    response.body = "item,text,label,answers,agreeing,holdout,seq,received\n";
    for (const ItemLabel& label : fold.labels()) {
        const auto example = TRY(rooms.records.examples.find(label.item));
        response.body += fmt::format(
            "{},{},{},{},{},{},{},{}\n",
            label.item.hex(),
            csv_field(example ? example->payload : ""),
            csv_field(label_cell(schema, label)),
            label.answers,
            label.agreeing,
            label.holdout ? 1 : 0,
            label.seq,
            to_rfc3339(label.received)
        );
    }
    return {};
}

}  // namespace

void add_label_routes(Gateway& gateway, const V1Rooms& rooms) {
    using http::Method;
    add_slow_routes(
        gateway,
        rooms,
        {{Method::Get, "/v1/models/{model}/tasks", "tasks", next_tasks},
         {Method::Post, "/v1/labels", "labels", post_labels},
         {Method::Get, "/v1/models/{model}/labels", "labels_csv", labels_csv},
         {Method::Get, "/v1/models/{model}/labels/progress", "label_progress", label_progress}}
    );
}

}  // namespace flywheel::gateway
