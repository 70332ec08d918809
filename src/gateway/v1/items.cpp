// SPDX-License-Identifier: Apache-2.0
// One item with all that was ever said of it, notes on it, and the items near to a text.
#include <algorithm>

#include <fmt/format.h>

#include "base/json_value.h"
#include "base/text.h"
#include "gateway/v1/exchange.h"
#include "gateway/v1/label_json.h"
#include "records/label_fold.h"

namespace flywheel::gateway {

namespace {

constexpr std::int64_t kMembersShown = 20;
constexpr std::int64_t kMostNeighbours = 50;
constexpr std::size_t kMostNearTextBytes = 100'000;

Result<Json> members_json(const V1Rooms& rooms, const Example& example) {
    Json members = Json::array();
    const auto of_group =
        Where<Example>().eq(&Example::group, example.group).limit(kMembersShown + 1);
    for (const Example& member : TRY(rooms.records.examples.select(of_group))) {
        if (member.id != example.id) {
            members.push_back({{"item", member.id.hex()}, {"text", member.payload}});
        }
    }
    return members;
}

Result<Json> memberships_json(
    const V1Rooms& rooms, const std::string& model, const Schema& schema, const Digest& item
) {
    Json shown = Json::array();
    for (const auto& one : TRY(rooms.datasets.versions_with(model, item))) {
        shown.push_back(
            {{"dataset", one.version.id.hex()},
             {"number", one.number},
             {"created", to_rfc3339(one.version.created)},
             {"split", enum_name(one.row.split)},
             {"label", label_name(schema, one.row.label, one.row.value)}}
        );
    }
    return shown;
}

Result<void> show_item(
    const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
) {
    TRY(Query::parse(request.query, {}));
    const auto id = TRY(Digest::parse(request.parameter("item")));
    const Example example = TRY(rooms.records.examples.get(id));
    const std::string model = TRY(known_model(rooms, example.model));
    const Schema schema = TRY(rooms.labeling.schema(model));
    labeling::HistoryWish wish;
    wish.model = model;
    wish.item = id;
    wish.limit = kMostListed;
    auto past = TRY(rooms.labeling.history(wish));
    LabelFold fold;
    Json events = Json::array();
    for (auto event = past.rbegin(); event != past.rend(); ++event) {
        fold.add(event->event);
    }
    for (const auto& event : past) {
        events.push_back(event_json(schema, event));
    }
    const auto label = fold.label(id);
    answer_json(
        response,
        {{"item", id.hex()},
         {"text", example.payload},
         {"group", example.group.hex()},
         {"multiplicity", example.multiplicity},
         {"origin", example.origin},
         {"licence", example.licence},
         {"first_seen", to_rfc3339(example.first_seen)},
         {"last_seen", to_rfc3339(example.last_seen)},
         {"label", label ? label_name(schema, label->label, label->value) : Json(nullptr)},
         {"label_answers", label ? label->answers : 0},
         {"label_decided", label && label->decided},
         {"label_gold", label && label->gold},
         {"label_agreeing", label ? label->agreeing : 0},
         {"holdout", label && label->holdout},
         {"group_members", TRY(members_json(rooms, example))},
         {"events", std::move(events)},
         {"datasets", TRY(memberships_json(rooms, model, schema, id))}}
    );
    return {};
}

Json note_json(const LabelEvent& event) {
    return {
        {"id", event.id.text()},
        {"item", event.item.hex()},
        {"text", event.reason},
        {"who", event.actor},
        {"created", to_rfc3339(event.received)}
    };
}

Result<void> list_notes(
    const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
) {
    const Query query = TRY(Query::parse(request.query, {"model", "item", "limit"}));
    labeling::HistoryWish wish;
    wish.model = TRY(known_model(rooms, query.text("model")));
    wish.action = LabelAction::Flag;
    wish.limit = TRY(query.integer("limit", 100, 1, kMostListed));
    if (const std::string item = query.text("item"); !item.empty()) {
        wish.item = TRY(Digest::parse(item).within("query parameter 'item'"));
    }
    Json notes = Json::array();
    for (const auto& past : TRY(rooms.labeling.history(wish))) {
        if (!past.undone && !past.event.reason.empty()) {
            notes.push_back(note_json(past.event));
        }
    }
    answer_json(response, {{"notes", std::move(notes)}});
    return {};
}

Result<void> add_note(
    const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
) {
    const Json body = TRY(object_body(request));
    const std::string model =
        TRY(known_model(rooms, TRY(optional_string(body, "model")).value_or("")));
    const auto item = TRY(Digest::parse(TRY(string_field(body, "item"))).within("field 'item'"));
    const std::string who = TRY(string_field(body, "who"));
    if (!may_speak_for(rooms, request, who)) {
        response.become_error(kForbidden, not_your_name(request, who));
        return {};
    }
    const auto receipt =
        TRY(rooms.labeling.remark(model, item, who, TRY(string_field(body, "text"))));
    response.status = 201;
    answer_json(response, {{"id", receipt.event.text()}, {"seq", receipt.seq}});
    return {};
}

/// The rows that taught the version, and their texts, which look into them.
struct TaughtRows {
    std::vector<datasets::Row> rows;
    std::vector<std::string_view> texts;
};

Result<TaughtRows> taught_rows(const V1Rooms& rooms, const ModelVersion& version) {
    TaughtRows taught;
    taught.rows = TRY(rooms.datasets.rows_of(version.dataset));
    std::erase_if(taught.rows, [](const datasets::Row& row) {
        return row.split == datasets::Split::Test;
    });
    for (const auto& row : taught.rows) {
        taught.texts.emplace_back(row.text);
    }
    return taught;
}

Result<void> nearest(
    const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
) {
    const std::string model = TRY(known_model(rooms, request.parameter("model")));
    const Json body = TRY(object_body(request));
    const std::string text = TRY(string_field(body, "text"));
    const auto count = TRY(optional_integer(body, "count")).value_or(10);
    if (text.size() > kMostNearTextBytes || count < 1 || count > kMostNeighbours) {
        return invalid_argument(fmt::format(
            "Field 'text' has at most {} bytes, field 'count' is 1 to {}: {} bytes, {}",
            kMostNearTextBytes,
            kMostNeighbours,
            text.size(),
            count
        ));
    }
    const auto champion = TRY(rooms.release.champion(model));
    if (!champion || champion->dataset == Digest()) {
        return not_found("No version that was trained here is served: " + model);
    }
    const TaughtRows taught = TRY(taught_rows(rooms, *champion));
    const Schema schema = TRY(rooms.labeling.schema(model));
    Json neighbours = Json::array();
    for (const auto& near : TRY(rooms.neighbourhood->nearest(
             *champion, champion->dataset, taught.texts, text, static_cast<std::size_t>(count)
         ))) {
        const datasets::Row& row = taught.rows[near.row];
        neighbours.push_back(
            {{"item", row.item.hex()},
             {"text", row.text},
             {"similarity", near.cosine},
             {"label", label_name(schema, row.label)},
             {"split", enum_name(row.split)},
             {"answers", row.answers}}
        );
    }
    answer_json(
        response,
        {{"neighbours", std::move(neighbours)},
         {"searched", taught.rows.size()},
         {"version", champion->number}}
    );
    return {};
}

}  // namespace

void add_item_routes(Gateway& gateway, const V1Rooms& rooms) {
    using http::Method;
    add_slow_routes(
        gateway,
        rooms,
        {{Method::Get, "/v1/items/{item}", "item", show_item},
         {Method::Get, "/v1/notes", "notes", list_notes},
         {Method::Post, "/v1/notes", "add_note", add_note}}
    );
    if (rooms.neighbourhood != nullptr) {
        add_slow_routes(
            gateway, rooms, {{Method::Post, "/v1/models/{model}/nearest", "nearest", nearest}}
        );
    }
}

}  // namespace flywheel::gateway
