// SPDX-License-Identifier: Apache-2.0
// GET /v1/status: all that a person asks first, in one JSON object. The page at `/` and the command
// `flywheel status` show it.
#include "base/json_value.h"
#include "gateway/v1/exchange.h"

namespace flywheel::gateway {

namespace {

constexpr std::int64_t kTurnsShown = 8;
constexpr std::int64_t kIncidentsShown = 10;

Result<Json> served_json(const V1Rooms& rooms, const std::string& model) {
    Json served = {
        {"model", model},
        {"ready", false},
        {"version", 0},
        {"previous", 0},
        {"known_versions",
         TRY(rooms.records.versions.count(Where<ModelVersion>().eq(&ModelVersion::model, model)))},
        {"corrected", false},
        {"problem", ""},
        {"since", nullptr},
        {"canary", 0},
        {"shadow", 0},
        {"share", 0},
        {"moved_by", nullptr},
        {"why", nullptr},
        {"labels", Json::array()}
    };
    const auto status = rooms.serving.status(model);
    if (status) {
        served["ready"] = status->ready();
        served["version"] = status->stable;
        served["previous"] = status->previous;
        served["canary"] = status->canary;
        served["shadow"] = status->shadow;
        served["share"] = status->share;
        served["corrected"] = status->corrected;
        served["problem"] = status->reason;
        served["memory_bytes"] = status->memory_bytes;
        served["labels"] = status->served ? Json(status->served->labels) : Json::array();
    }
    const auto rollout = TRY(rooms.release.standing(model)).moved();
    if (rollout) {
        served["since"] = to_rfc3339(rollout->created);
        served["moved_by"] = rollout->who;
        served["why"] = rollout->reason;
    }
    return served;
}

/// What a finished Turn's summary says, as far as a table wants it.
Result<Json> turn_in_short(const Turn& turn) {
    const Json summary = TRY(parse_json(turn.summary.text).within("turn summary"));
    const bool full = summary.is_object();
    const auto part = [&](const char* name, Json otherwise) {
        return full ? summary.value(name, std::move(otherwise)) : otherwise;
    };
    const Json drift = part("drift", Json::object());
    return Json{
        {"id", turn.id.text()},
        {"number", turn.number},
        {"state", enum_name(turn.state)},
        {"step", turn.step},
        {"trigger", turn.trigger},
        {"verdict", turn.verdict},
        {"reason", part("reason", "")},
        {"error", turn.error},
        {"window_begin", to_rfc3339(turn.window_begin)},
        {"window_end", to_rfc3339(turn.window_end)},
        {"ended", turn.ended ? Json(to_rfc3339(*turn.ended)) : Json(nullptr)},
        {"served", part("served", 0)},
        {"questions", part("questions", 0)},
        {"version", part("version", 0)},
        {"audited", part("audited", Json(nullptr))},
        {"never_retrained", part("never_retrained", Json(nullptr))},
        {"drift", drift.is_object() && drift.value("incident_open", false)}
    };
}

/// The newest Turn that has audited rows says how good the model is.
Json last_audited(const Json& turns) {
    for (const Json& turn : turns) {
        const Json& audited = turn.at("audited");
        if (audited.is_object() && audited.value("n", std::int64_t{0}) > 0) {
            Json shown = audited;
            shown["turn"] = turn.at("number");
            shown["never_retrained"] = turn.at("never_retrained");
            shown["window_begin"] = turn.at("window_begin");
            shown["window_end"] = turn.at("window_end");
            return shown;
        }
    }
    return nullptr;
}

/// The audits are those of the open Turn, which they will measure.
Result<Json> labels_json(const V1Rooms& rooms, const std::string& model, const Turn* open) {
    const auto progress = TRY(rooms.labeling.progress(model, std::nullopt));
    labeling::Progress of_turn;
    if (open != nullptr) {
        of_turn = TRY(rooms.labeling.progress(model, open->id));
    }
    return Json{
        {"contested", progress.contested},
        {"audits", of_turn.audits},
        {"audits_open", of_turn.audits_open},
        {"tasks", progress.tasks},
        {"answered", progress.answered},
        {"skipped", progress.skipped},
        {"open", progress.open}
    };
}

Result<Json> incidents_json(const V1Rooms& rooms, const std::string& model) {
    Json shown = Json::array();
    const auto open =
        TRY(rooms.records.incidents.select(Where<Incident>()
                                               .eq(&Incident::model, model)
                                               .eq(&Incident::state, IncidentState::Open)
                                               .newest(&Incident::opened)
                                               .limit(kIncidentsShown)));
    for (const Incident& incident : open) {
        shown.push_back(
            {{"id", incident.id.text()},
             {"opened", to_rfc3339(incident.opened)},
             {"families", incident.families},
             {"drift", incident.version > 0},
             {"sentence", incident.sentence},
             {"budget_days", incident.budget_days}}
        );
    }
    return shown;
}

Result<Json> due_json(const V1Rooms& rooms, const std::vector<Turn>& turns) {
    const auto reason = TRY(rooms.conductor.due());
    Json due = {{"now", reason.has_value()}, {"reason", reason ? Json(*reason) : Json(nullptr)}};
    due["at"] = turns.empty()
                    ? Json(nullptr)
                    : Json(to_rfc3339(turns.front().window_end + rooms.conductor.policy().cadence));
    return due;
}

/// Those that a version of any model needs.
Result<Json> engines_json(const V1Rooms& rooms) {
    Json needed = Json::array();
    if (rooms.engines == nullptr) {
        return needed;
    }
    for (const std::string_view name : rooms.engines->names()) {
        const auto of_it = Where<ModelVersion>().eq(&ModelVersion::engine, std::string(name));
        if (TRY(rooms.records.versions.count(of_it)) > 0) {
            needed.push_back(name);
        }
    }
    return needed;
}

Json captured_json(const V1Rooms& rooms) {
    if (!rooms.captured) {
        return nullptr;
    }
    const CapturedCounts counts = rooms.captured();
    return {
        {"rows", counts.rows},
        {"feedback", counts.feedback},
        {"dropped", counts.dropped},
        {"waiting", counts.waiting},
        {"failure", counts.failure}
    };
}

Result<void> show_status(
    const V1Rooms& rooms, const http::HttpRequest& /*request*/, http::HttpResponse& response
) {
    const std::string model = rooms.conductor.policy().model;
    const auto newest = TRY(rooms.records.turns.select(
        Where<Turn>().eq(&Turn::model, model).newest(&Turn::number).limit(kTurnsShown)
    ));
    Json turns = Json::array();
    for (const Turn& turn : newest) {
        turns.push_back(TRY(turn_in_short(turn)));
    }
    const bool open = !newest.empty() && (newest.front().state == TurnState::Open ||
                                          newest.front().state == TurnState::Waiting);
    const Json served = TRY(served_json(rooms, model));
    const Json status = {
        {"model", model},
        {"time", to_rfc3339(rooms.clock.now())},
        {"ready", served.at("ready")},
        {"served", served},
        {"audited", last_audited(turns)},
        {"labels", TRY(labels_json(rooms, model, open ? &newest.front() : nullptr))},
        {"incidents", TRY(incidents_json(rooms, model))},
        {"turn", open ? turns.front() : Json(nullptr)},
        {"turns", turns},
        {"due", TRY(due_json(rooms, newest))},
        {"captured", captured_json(rooms)},
        {"engines", TRY(engines_json(rooms))}
    };
    answer_json(response, status);
    return {};
}

}  // namespace

void add_status_route(Gateway& gateway, const V1Rooms& rooms) {
    add_slow_routes(gateway, rooms, {{http::Method::Get, "/v1/status", "status", show_status}});
}

}  // namespace flywheel::gateway
