// SPDX-License-Identifier: Apache-2.0
// What people said, looked at afterwards: the events one by one, who said how much and how well
// they agree, and what they were told to do.
#include <algorithm>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "base/json_value.h"
#include "base/text.h"
#include "gateway/v1/exchange.h"
#include "gateway/v1/label_json.h"
#include "records/label_fold.h"
#include "stats/interval.h"
#include "tasks/text/choice.h"

namespace flywheel::gateway {

namespace {

constexpr std::size_t kMostGuidelineBytes = 256 * 1024;
constexpr std::size_t kExamplesShown = 3;
constexpr std::size_t kExampleBytes = 400;
constexpr std::size_t kConfusedShown = 200;

Result<void> label_events(
    const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
) {
    const std::string model = TRY(known_model(rooms, request.parameter("model")));
    const Query query = TRY(Query::parse(request.query, {"actor", "item", "before_seq", "limit"}));
    labeling::HistoryWish wish;
    wish.model = model;
    wish.actor = query.text("actor");
    const bool all = sees_others(rooms, request);
    if (!all && wish.actor != request.caller) {
        response.become_error(
            kForbidden, "A key that may only label sees its own events; say actor=NAME of the key"
        );
        return {};
    }
    if (const std::string item = query.text("item"); !item.empty()) {
        wish.item = TRY(Digest::parse(item).within("query parameter 'item'"));
    }
    constexpr auto kNoBound = std::numeric_limits<std::int64_t>::max();
    wish.before_seq = TRY(query.integer("before_seq", 0, 0, kNoBound));
    wish.limit = TRY(query.integer("limit", 100, 1, kMostListed));
    const Schema schema = TRY(rooms.labeling.schema(model));
    Json events = Json::array();
    for (const auto& past : TRY(rooms.labeling.history(wish))) {
        events.push_back(event_json(schema, past, all));
    }
    answer_json(response, {{"events", std::move(events)}});
    return {};
}

/// How many known answers one got right is not for those who label: watching it after each answer
/// would show which questions were such.
Json annotator_json(const labeling::Annotator& person, bool all) {
    return {
        {"actor", person.actor},
        {"answers", person.answers},
        {"skips", person.skips},
        {"flags", person.flags},
        {"undone", person.undone},
        {"seconds_median", person.timed > 0 ? Json(person.seconds_median) : Json(nullptr)},
        {"timed", person.timed},
        {"agreement", share_json(person.agreement)},
        {"gold", all ? share_json(person.gold) : Json(nullptr)},
        {"score", person.score ? Json(*person.score) : Json(nullptr)},
        {"newest", to_rfc3339(person.newest)}
    };
}

Result<void> annotators(
    const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
) {
    const std::string model = TRY(known_model(rooms, request.parameter("model")));
    TRY(Query::parse(request.query, {}));
    const Schema schema = TRY(rooms.labeling.schema(model));
    const auto agreement = TRY(rooms.labeling.agreement(model));
    Json people = Json::array();
    const bool all = sees_others(rooms, request);
    for (const auto& person : agreement.annotators) {
        if (!all && person.actor != request.caller) {
            continue;
        }
        people.push_back(annotator_json(person, all));
    }
    Json confused = Json::array();
    for (const auto& pair : agreement.confused) {
        if (confused.size() == kConfusedShown) {
            break;
        }
        confused.push_back(
            {{"labels", {label_name(schema, pair.low), label_name(schema, pair.high)}},
             {"pairs", pair.pairs}}
        );
    }
    answer_json(
        response,
        {{"annotators", std::move(people)},
         {"confused", std::move(confused)},
         {"items", agreement.items},
         {"shared", agreement.shared},
         {"agreement", share_json(agreement.pairs)},
         {"blind", share_json(agreement.blind)},
         {"alpha", agreement.alpha ? Json(*agreement.alpha) : Json(nullptr)}}
    );
    return {};
}

/// "" when there is none.
Result<std::string> guideline_text(const V1Rooms& rooms) {
    if (rooms.guideline.empty()) {
        return std::string();
    }
    std::ifstream file(rooms.guideline, std::ios::binary);
    if (!file) {
        return std::string();
    }
    std::string text(kMostGuidelineBytes + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.size() > kMostGuidelineBytes) {
        return invalid_argument(fmt::format(
            "The guideline is larger than {} bytes: {}",
            kMostGuidelineBytes,
            rooms.guideline.string()
        ));
    }
    TRY(check_utf8(text).within(rooms.guideline.filename().string()));
    return text;
}

/// Those label_ids that the schema has.
Result<std::vector<std::int64_t>> labels_of(const Schema& schema, const ItemLabel& item) {
    auto labels =
        item.value.empty() ? std::vector<std::int64_t>{item.label} : TRY(choices_in(item.value));
    std::erase_if(labels, [&](std::int64_t label) { return !text::check_choice(schema, label); });
    return labels;
}

/// Of each label a few texts that most people gave it, those with most answers first. None of the
/// hold-out and none with a gold label: whoever has seen it would not judge freshly.
Result<Json> examples_json(const V1Rooms& rooms, const std::string& model, const Schema& schema) {
    const LabelFold fold = TRY(label_fold(rooms, model));
    std::vector<ItemLabel> labels = fold.labels();
    std::erase_if(labels, [](const ItemLabel& one) {
        return one.holdout || one.gold || (!one.decided && one.agreeing * 2 <= one.answers);
    });
    std::ranges::stable_sort(labels, std::ranges::greater(), &ItemLabel::agreeing);
    std::vector<Json> texts(schema.labels.size(), Json::array());
    std::size_t wanted = texts.size() * kExamplesShown;
    for (const ItemLabel& one : labels) {
        const auto places = TRY(labels_of(schema, one));
        const bool needed =
            wanted > 0 && std::ranges::any_of(places, [&](std::int64_t place) {
                return texts[static_cast<std::size_t>(place)].size() < kExamplesShown;
            });
        if (!needed) {
            continue;
        }
        const auto example = TRY(rooms.records.examples.find(one.item));
        if (!example || example->payload.empty() || example->payload.size() > kExampleBytes) {
            continue;
        }
        for (const auto place : places) {
            Json& shown = texts[static_cast<std::size_t>(place)];
            if (shown.size() < kExamplesShown) {
                shown.push_back(example->payload);
                --wanted;
            }
        }
    }
    Json shown = Json::array();
    for (std::size_t i = 0; i < texts.size(); ++i) {
        shown.push_back({{"label", schema.labels[i]}, {"texts", std::move(texts[i])}});
    }
    return shown;
}

Result<void> guideline(
    const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
) {
    const std::string model = TRY(known_model(rooms, request.parameter("model")));
    TRY(Query::parse(request.query, {}));
    const Schema schema = TRY(rooms.labeling.schema(model));
    answer_json(
        response,
        {{"text", TRY(guideline_text(rooms))},
         {"examples", TRY(examples_json(rooms, model, schema))}}
    );
    return {};
}

}  // namespace

void add_label_report_routes(Gateway& gateway, const V1Rooms& rooms) {
    using http::Method;
    add_slow_routes(
        gateway,
        rooms,
        {{Method::Get, "/v1/models/{model}/label-events", "label_events", label_events},
         {Method::Get, "/v1/models/{model}/annotators", "annotators", annotators},
         {Method::Get, "/v1/models/{model}/guideline", "guideline", guideline}}
    );
}

}  // namespace flywheel::gateway
