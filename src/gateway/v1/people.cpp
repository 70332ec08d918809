// SPDX-License-Identifier: Apache-2.0
// Who is asking, and news for whoever stays on the line.
#include <fmt/format.h>

#include "base/json_value.h"
#include "gateway/v1/exchange.h"
#include "gateway/v1/guide.h"
#include "gateway/v1/news.h"

namespace flywheel::gateway {

namespace {

const std::vector<std::string>& all_roles() {
    static const std::vector<std::string> kRoles = {"infer", "feedback", "label", "read", "admin"};
    return kRoles;
}

Result<void> who_am_i(
    const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
) {
    const bool guarded = rooms.access != nullptr && rooms.access->guarded();
    answer_json(
        response,
        {{"name", request.caller},
         {"roles", guarded ? rooms.access->roles_of(request.caller) : all_roles()},
         {"guarded", guarded},
         {"model", rooms.conductor.policy().model},
         {"time", to_rfc3339(rooms.clock.now())}}
    );
    return {};
}

template <class Record, class Order>
Result<std::string> newest_mark(
    const Reader<Record>& reader, const std::string& model, Order Record::* order
) {
    const auto newest = TRY(reader.first(Where<Record>().eq(&Record::model, model).newest(order)));
    return newest ? to_json_text(*newest) : std::string();
}

}  // namespace

Result<std::map<std::string, std::string>> marks_of(const V1Rooms& rooms) {
    const std::string& model = rooms.conductor.policy().model;
    const V1Records& records = rooms.records;
    News::Marks marks;
    marks["turns"] = TRY(newest_mark(records.turns, model, &Turn::number));
    marks["labels"] = TRY(newest_mark(records.events, model, &LabelEvent::seq));
    marks["models"] = TRY(newest_mark(records.versions, model, &ModelVersion::number));
    marks["serving"] = TRY(newest_mark(records.rollouts, model, &Rollout::seq));
    marks["incidents"] =
        TRY(newest_mark(records.incidents, model, &Incident::opened)) +
        fmt::to_string(TRY(
            records.incidents.count(Where<Incident>().eq(&Incident::state, IncidentState::Open))
        ));
    marks["runs"] = TRY(newest_mark(records.runs, model, &TrainingRun::created));
    marks["fits"] = fmt::to_string(rooms.conductor.fits().change());
    marks["datasets"] = marks["models"];  // one is cut for each
    marks["evaluations"] = TRY(newest_mark(records.evaluations, model, &Evaluation::created));
    if (rooms.captured) {
        const CapturedCounts counts = rooms.captured();
        marks["captured"] = fmt::format("{} {} {}", counts.rows, counts.feedback, counts.failure);
    }
    return marks;
}

void add_people_routes(Gateway& gateway, const V1Rooms& rooms) {
    add_slow_routes(gateway, rooms, {{http::Method::Get, "/v1/me", "me", who_am_i}});
    if (rooms.news != nullptr) {
        gateway.add({
            .method = http::Method::Get,
            .pattern = "/v1/events",
            .name = "events",
            .run = [news = rooms.news](
                       const http::HttpRequest&, http::HttpResponse& response
                   ) { return news->listen(response); },
            .doc = guide_to(http::Method::Get, "/v1/events"),
        });
    }
}

}  // namespace flywheel::gateway
