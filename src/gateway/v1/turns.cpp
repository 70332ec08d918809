// SPDX-License-Identifier: Apache-2.0
// Turns: what the loop did and why, opening one, cancelling one.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/json_value.h"
#include "gateway/v1/exchange.h"

namespace flywheel::gateway {

namespace {

constexpr std::size_t kMostTriggerBytes = 64;

/// As the API says it: the column cannot be called "trigger".
Result<Json> turn_json(const Turn& turn) {
    Json shown = TRY(parse_json(to_json_text(turn)));
    shown.erase(std::string(field_name(&Turn::trigger)));
    shown["trigger"] = turn.trigger;
    return shown;
}

Result<void> list_turns(
    const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
) {
    const Query query = TRY(Query::parse(request.query, {"model", "limit"}));
    const std::string model = TRY(known_model(rooms, query.text("model")));
    const auto limit = TRY(query.integer("limit", 20, 1, kMostListed));
    Json turns = Json::array();
    TRY(rooms.records.turns.each(
        Where<Turn>().eq(&Turn::model, model).newest(&Turn::number).limit(limit),
        [&turns](const Turn& turn) -> Result<void> {
            turns.push_back(TRY(turn_json(turn)));
            return {};
        }
    ));
    answer_json(response, {{"turns", turns}});
    return {};
}

/// Steps and the decisions taken in them, in the order of a Turn: under a stream's clock all of one
/// Turn happens at one moment.
std::size_t place_in_turn(std::string_view name) {
    constexpr std::array<std::string_view, 16> kOrder = {
        "observe",
        "drift",
        "collect",
        "choose",
        "labels",
        "gather",
        "decide",
        "retrain",
        "cut",
        "tune",
        "train",
        "judge",
        "release",
        "correct",
        "correction",
        "settle"
    };
    return static_cast<std::size_t>(std::find(kOrder.begin(), kOrder.end(), name) - kOrder.begin());
}

template <class Record>
void sort_by_turn(std::vector<Record>& records, std::string Record::* name) {
    std::stable_sort(records.begin(), records.end(), [name](const Record& a, const Record& b) {
        return place_in_turn(a.*name) < place_in_turn(b.*name);
    });
}

template <class Record>
Result<Json> json_list(const std::vector<Record>& records) {
    Json list = Json::array();
    for (const Record& record : records) {
        list.push_back(TRY(parse_json(to_json_text(record))));
    }
    return list;
}

Result<void> show_turn(
    const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
) {
    const auto id = TRY(Id<Turn>::parse(request.parameter("turn")));
    Json shown = TRY(turn_json(TRY(rooms.records.turns.get(id))));
    auto steps = TRY(rooms.records.steps.select(
        Where<TurnStep>().eq(&TurnStep::turn, id).order(&TurnStep::created)
    ));
    sort_by_turn(steps, &TurnStep::name);
    shown["steps"] = TRY(json_list(steps));
    auto decisions = TRY(rooms.records.decisions.select(
        Where<Decision>().eq(&Decision::turn, id).order(&Decision::created)
    ));
    sort_by_turn(decisions, &Decision::kind);
    shown["decisions"] = TRY(json_list(decisions));
    answer_json(response, shown);
    return {};
}

Json fit_json(const training::Fit& fit) {
    return {
        {"trial", fit.trial},
        {"rung", fit.rung},
        {"step", fit.step},
        {"steps", fit.steps},
        {"ended", fit.ended},
        {"loss", fit.loss ? Json(*fit.loss) : Json(nullptr)},
        {"curve", training::curve_json(fit.curve)}
    };
}

/// What is being fitted now; none when nothing is, and what has been fitted stands in the runs.
Result<void> show_fits(
    const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
) {
    const auto id = TRY(Id<Turn>::parse(request.parameter("turn")));
    TRY(Query::parse(request.query, {}));
    TRY(rooms.records.turns.get(id));
    Json fits = Json::array();
    const auto job = rooms.conductor.fits().now();
    const bool ours = job && job->turn == id;
    if (ours) {
        for (const auto& fit : job->fits) {
            fits.push_back(fit_json(fit));
        }
    }
    answer_json(
        response,
        {{"kind", ours ? Json(enum_name(job->kind)) : Json(nullptr)},
         {"trials", ours ? job->trials : 0},
         {"fits", std::move(fits)}}
    );
    return {};
}

Result<Time> window_end(const V1Rooms& rooms, const Json& body) {
    const Time now = rooms.clock.now();
    const auto text = TRY(optional_string(body, "window_end"));
    if (!text) {
        return now;
    }
    const Time end = TRY(parse_time(*text).within("field 'window_end'"));
    if (end > now) {
        return invalid_argument(fmt::format(
            "Field 'window_end' lies in the future; rows served until then would never be looked "
            "at: {}",
            *text
        ));
    }
    return end;
}

Result<void> open_turn(
    const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
) {
    const Json body = TRY(object_body(request));
    TRY(known_model(rooms, TRY(optional_string(body, "model")).value_or("")));
    const std::string trigger = TRY(optional_string(body, "trigger")).value_or("person");
    if (trigger.empty() || trigger.size() > kMostTriggerBytes) {
        return invalid_argument(
            fmt::format("Field 'trigger' must have 1 to {} bytes", kMostTriggerBytes)
        );
    }
    const auto turn = TRY(rooms.conductor.open(trigger, TRY(window_end(rooms, body))));
    if (rooms.wake_loop) {
        rooms.wake_loop();
    }
    response.status = 201;
    response.add_header("Location", "/v1/turns/" + turn.id.text());
    answer_json(response, TRY(turn_json(turn)));
    return {};
}

Result<void> cancel_turn(
    const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
) {
    const auto id = TRY(Id<Turn>::parse(request.parameter("turn")));
    const Turn turn = TRY(rooms.records.turns.get(id));
    const auto current = TRY(rooms.conductor.current());
    if (!current || current->id != id) {
        return make_error(
            Code::Conflict,
            fmt::format("This turn has ended already: turn {}, {}", turn.number, turn.verdict)
        );
    }
    const Json body = TRY(object_body(request));
    const std::string who = TRY(optional_string(body, "who")).value_or("a person");
    answer_json(response, TRY(turn_json(TRY(rooms.conductor.cancel(who)))));
    return {};
}

}  // namespace

void add_turn_routes(Gateway& gateway, const V1Rooms& rooms) {
    using http::Method;
    add_slow_routes(
        gateway,
        rooms,
        {{Method::Get, "/v1/turns", "turns", list_turns},
         {Method::Get, "/v1/turns/{turn}", "turn", show_turn},
         {Method::Get, "/v1/turns/{turn}/fits", "turn_fits", show_fits},
         {Method::Post, "/v1/turns", "open_turn", open_turn},
         {Method::Post, "/v1/turns/{turn}/cancel", "cancel_turn", cancel_turn}}
    );
}

}  // namespace flywheel::gateway
