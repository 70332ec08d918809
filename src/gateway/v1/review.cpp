// SPDX-License-Identifier: Apache-2.0
// Items on which people differ, what is decided about them, gold labels, and how much suggestions
// pull people.
#include "rooms/labeling/review.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/json_value.h"
#include "gateway/v1/exchange.h"
#include "gateway/v1/label_json.h"

namespace flywheel::gateway {

namespace {

Json decided_json(const Schema& schema, const labeling::Decided& decided) {
    return {
        {"event_id", decided.event.text()},
        {"label", label_name(schema, decided.choice, decided.value)},
        {"labels", label_names(schema, decided.value)},
        {"actor", decided.actor},
        {"comment", decided.comment},
        {"gold", decided.gold},
        {"received", to_rfc3339(decided.received)}
    };
}

/// Who gave which answer is said once it was decided: before, names would decide.
Json item_json(const Schema& schema, const labeling::ReviewItem& item) {
    Json answers = Json::array();
    for (const auto& answer : item.answers) {
        Json one = {
            {"label", label_name(schema, answer.choice, answer.value)},
            {"labels", label_names(schema, answer.value)},
            {"blind", answer.blind}
        };
        if (item.decided) {
            one["actor"] = answer.actor;
            one["actor_kind"] = enum_name(answer.actor_kind);
        }
        answers.push_back(std::move(one));
    }
    const Json suggestion = item.suggested < 0 ? Json(nullptr)
                                               : Json{
                                                     {"label", label_name(schema, item.suggested)},
                                                     {"probability", item.suggested_probability}
                                                 };
    return {
        {"item", item.item.hex()},
        {"text", item.payload},
        {"answers", std::move(answers)},
        {"majority",
         item.majority < 0 ? Json(nullptr) : label_name(schema, item.majority, item.majority_value)
        },
        {"majority_labels", label_names(schema, item.majority_value)},
        {"agreement", item.agreement},
        {"likeliest", item.likeliest < 0 ? Json(nullptr) : label_name(schema, item.likeliest)},
        {"quality", item.quality ? Json(*item.quality) : Json(nullptr)},
        {"suggestion", suggestion},
        {"decided", item.decided ? decided_json(schema, *item.decided) : Json(nullptr)}
    };
}

Result<void> list_review(
    const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
) {
    const std::string model = TRY(known_model(rooms, request.parameter("model")));
    const Query query = TRY(Query::parse(request.query, {"decided", "limit"}));
    labeling::ReviewWish wish;
    wish.model = model;
    wish.decided = TRY(query.integer("decided", 0, 0, 1)) == 1;
    wish.limit = TRY(query.integer("limit", 100, 1, kMostListed));
    const Schema schema = TRY(rooms.labeling.schema(model));
    const auto review = TRY(rooms.labeling.review(wish));
    Json items = Json::array();
    for (const auto& item : review.items) {
        items.push_back(item_json(schema, item));
    }
    answer_json(
        response,
        {{"items", std::move(items)},
         {"kind", enum_name(schema.kind)},
         {"labels", schema.labels},
         {"waiting", review.waiting},
         {"decided", review.decided}}
    );
    return {};
}

/// Who said what of the item, now that it was decided.
Result<Json> names_json(
    const V1Rooms& rooms, const std::string& model, const Schema& schema, const Digest& item
) {
    labeling::HistoryWish wish;
    wish.model = model;
    wish.item = item;
    wish.limit = kMostListed;
    auto past = TRY(rooms.labeling.history(wish));
    labeling::ReviewFold fold;
    for (auto event = past.rbegin(); event != past.rend(); ++event) {
        fold.add(event->event);
    }
    const auto review = fold.review(true);
    Json answers = Json::array();
    for (const auto& decided : review.items) {
        answers = item_json(schema, decided).at("answers");
    }
    return answers;
}

Result<void> decide(
    const V1Rooms& rooms,
    const http::HttpRequest& request,
    http::HttpResponse& response,
    LabelAction action
) {
    const std::string model = TRY(known_model(rooms, request.parameter("model")));
    const Json body = TRY(object_body(request));
    labeling::Decision decision;
    decision.event_id = TRY(optional_string(body, "event_id")).value_or("");
    decision.model = model;
    decision.item = TRY(Digest::parse(TRY(string_field(body, "item"))).within("field 'item'"));
    decision.actor = TRY(string_field(body, "actor"));
    decision.action = action;
    decision.label = TRY(optional_string(body, "label")).value_or("");
    decision.labels = TRY(optional_names(body, "labels"));
    decision.comment = TRY(optional_string(body, "comment")).value_or("");
    if (!sees_others(rooms, request)) {
        response.become_error(
            kForbidden, "Who decides what a label is must see what was said: the key needs `read`"
        );
        return {};
    }
    if (!may_speak_for(rooms, request, decision.actor)) {
        response.become_error(kForbidden, not_your_name(request, decision.actor));
        return {};
    }
    const auto receipt = TRY(rooms.labeling.decide(decision));
    if (rooms.wake_loop) {
        rooms.wake_loop();
    }
    const Schema schema = TRY(rooms.labeling.schema(model));
    answer_json(
        response,
        {{"event_id", receipt.event.text()},
         {"seq", receipt.seq},
         {"repeated", receipt.repeated},
         {"answers", TRY(names_json(rooms, model, schema, decision.item))}}
    );
    return {};
}

Result<void> adjudicate(
    const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
) {
    return decide(rooms, request, response, LabelAction::Adjudicate);
}

Result<void> set_gold(
    const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
) {
    return decide(rooms, request, response, LabelAction::GoldSet);
}

Json seconds_json(double median, std::int64_t n) {
    return n == 0 ? Json(nullptr) : Json{{"median", median}, {"n", n}};
}

Result<void> anchoring(
    const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
) {
    const std::string model = TRY(known_model(rooms, request.parameter("model")));
    TRY(Query::parse(request.query, {}));
    const auto found = TRY(rooms.labeling.anchoring(model));
    const Json difference = found.known() ? Json{
        {"value", found.difference},
        {"lower", found.interval.lower},
        {"upper", found.interval.upper}
    } : Json(nullptr);
    answer_json(
        response,
        {{"schema_version", found.schema_version},
         {"visible", share_json(found.visible)},
         {"hidden", share_json(found.hidden)},
         {"difference", difference},
         {"most", found.most},
         {"switched_off", found.exceeds()},
         {"seconds_visible", seconds_json(found.seconds_visible, found.timed_visible)},
         {"seconds_hidden", seconds_json(found.seconds_hidden, found.timed_hidden)}}
    );
    return {};
}

}  // namespace

void add_review_routes(Gateway& gateway, const V1Rooms& rooms) {
    using http::Method;
    add_slow_routes(
        gateway,
        rooms,
        {{Method::Get, "/v1/models/{model}/review", "review", list_review},
         {Method::Post, "/v1/models/{model}/review", "adjudicate", adjudicate},
         {Method::Post, "/v1/models/{model}/gold", "gold", set_gold},
         {Method::Get, "/v1/models/{model}/anchoring", "anchoring", anchoring}}
    );
}

}  // namespace flywheel::gateway
