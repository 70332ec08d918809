// SPDX-License-Identifier: Apache-2.0
// Datasets and monitoring: dataset versions and their differences, incidents, profiles.
#include <algorithm>

#include "base/json_value.h"
#include "gateway/v1/exchange.h"
#include "gateway/v1/label_json.h"

namespace flywheel::gateway {

namespace {

constexpr std::int64_t kMostItems = 10'000;

Result<void> list_datasets(
    const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
) {
    const Query query = TRY(Query::parse(request.query, {"model", "limit"}));
    const std::string model = TRY(known_model(rooms, query.text("model")));
    const auto limit = TRY(query.integer("limit", 100, 1, kMostListed));
    auto versions = TRY(rooms.datasets.log(model));
    if (versions.size() > static_cast<std::size_t>(limit)) {
        versions.resize(static_cast<std::size_t>(limit));
    }
    answer_list(response, "datasets", versions);
    return {};
}

/// How many, and the first few by name.
Json items_json(const std::vector<Digest>& items, std::size_t limit) {
    Json first = Json::array();
    for (std::size_t i = 0; i < std::min(limit, items.size()); ++i) {
        first.push_back(items[i].hex());
    }
    return {{"count", items.size()}, {"items", first}};
}

Result<void> diff_datasets(
    const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
) {
    const Query query = TRY(Query::parse(request.query, {"limit"}));
    const auto limit = static_cast<std::size_t>(TRY(query.integer("limit", 100, 0, kMostItems)));
    const auto before = TRY(Digest::parse(request.parameter("dataset")));
    const auto after = TRY(Digest::parse(request.parameter("other")));
    const auto diff = TRY(rooms.datasets.diff(before, after));
    const Schema schema = TRY(rooms.labeling.schema(rooms.conductor.policy().model));
    Json relabelled = Json::array();
    for (std::size_t i = 0; i < std::min(limit, diff.relabelled.size()); ++i) {
        const auto& item = diff.relabelled[i];
        relabelled.push_back(
            {{"item", item.item.hex()},
             {"before", label_name(schema, item.before, item.value_before)},
             {"after", label_name(schema, item.after, item.value_after)}}
        );
    }
    answer_json(
        response,
        {{"before", before.hex()},
         {"after", after.hex()},
         {"added", items_json(diff.added, limit)},
         {"removed", items_json(diff.removed, limit)},
         {"moved", items_json(diff.moved, limit)},
         {"relabelled", {{"count", diff.relabelled.size()}, {"items", relabelled}}}}
    );
    return {};
}

Result<void> list_incidents(
    const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
) {
    const Query query = TRY(Query::parse(request.query, {"model", "state", "limit"}));
    const std::string model = TRY(known_model(rooms, query.text("model")));
    const auto limit = TRY(query.integer("limit", 100, 1, kMostListed));
    auto where = Where<Incident>().eq(&Incident::model, model);
    if (const std::string state = query.text("state"); !state.empty()) {
        where = std::move(where).eq(
            &Incident::state,
            TRY(parse_enum<IncidentState>(state).within("query parameter 'state'"))
        );
    }
    answer_list(
        response,
        "incidents",
        TRY(rooms.records.incidents.select(std::move(where).newest(&Incident::opened).limit(limit)))
    );
    return {};
}

Result<void> list_profiles(
    const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
) {
    const Query query = TRY(Query::parse(request.query, {"model", "limit"}));
    const std::string model = TRY(known_model(rooms, query.text("model")));
    const auto limit = TRY(query.integer("limit", 20, 1, kMostListed));
    answer_list(
        response,
        "profiles",
        TRY(rooms.records.profiles.select(
            Where<Profile>().eq(&Profile::model, model).newest(&Profile::window_end).limit(limit)
        ))
    );
    return {};
}

}  // namespace

void add_record_routes(Gateway& gateway, const V1Rooms& rooms) {
    using http::Method;
    add_slow_routes(
        gateway,
        rooms,
        {{Method::Get, "/v1/datasets", "datasets", list_datasets},
         {Method::Get, "/v1/datasets/{dataset}/diff/{other}", "dataset_diff", diff_datasets},
         {Method::Get, "/v1/incidents", "incidents", list_incidents},
         {Method::Get, "/v1/profiles", "profiles", list_profiles}}
    );
}

}  // namespace flywheel::gateway
