// SPDX-License-Identifier: Apache-2.0
// What was served, counted over time, and a sample of it row by row.
#include "rooms/capture/truth/traffic.h"

#include <array>

#include <fmt/format.h>

#include "base/json_value.h"
#include "gateway/v1/exchange.h"
#include "gateway/v1/label_json.h"

namespace flywheel::gateway {

namespace {

constexpr std::int64_t kMostSampled = 200;
constexpr std::int64_t kMostBuckets = 3000;

Result<Time> time_of(const Query& query, std::string_view name, Time otherwise) {
    const std::string text = query.text(name);
    if (text.empty()) {
        return otherwise;
    }
    return parse_time(text).within(fmt::format("query parameter '{}'", name));
}

/// `from` and `to`: the last day when they are not said.
Result<TimeRange> range_of(const V1Rooms& rooms, const Query& query) {
    const Time end = TRY(time_of(query, "to", rooms.clock.now()));
    const Time begin = TRY(time_of(query, "from", end - std::chrono::hours(24)));
    if (begin >= end) {
        return invalid_argument(fmt::format(
            "Query parameter 'from' must be before 'to': {}, {}", to_rfc3339(begin), to_rfc3339(end)
        ));
    }
    return TimeRange{begin, end};
}

Json sampled_row(const Schema& schema, const Prediction& row) {
    return {
        {"id", row.id.text()},
        {"request_id", row.request_id},
        {"time", to_rfc3339(row.time)},
        {"version", row.version},
        {"route", enum_name(row.route)},
        {"label", label_name(schema, row.label)},
        {"confidence", row.confidence},
        {"status", row.status},
        {"text", row.payload},
        {"payload_digest", row.payload_digest.hex()},
        {"us_total", row.us_total}
    };
}

Result<void> captured_rows(
    const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
) {
    const Query query =
        TRY(Query::parse(request.query, {"from", "to", "label", "version", "limit"}));
    SampleWish wish;
    wish.model = TRY(known_model(rooms, request.parameter("model")));
    wish.served = TRY(range_of(rooms, query));
    wish.version = query.text("version");
    wish.most = static_cast<std::size_t>(TRY(query.integer("limit", 50, 1, kMostSampled)));
    const Schema schema = TRY(rooms.labeling.schema(wish.model));
    if (const std::string label = query.text("label"); !label.empty()) {
        wish.label = schema.label_id(label);
        if (*wish.label < 0) {
            return not_found(fmt::format(
                "No such label; there are '{}': '{}'", fmt::join(schema.labels, "', '"), label
            ));
        }
    }
    const RowSample sample = TRY(rooms.capture->sample(wish));
    Json rows = Json::array();
    for (const Prediction& row : sample.rows) {
        rows.push_back(sampled_row(schema, row));
    }
    answer_json(response, {{"rows", std::move(rows)}, {"sampled_of", sample.of}});
    return {};
}

Json group_json(std::int64_t version, Route route, const TrafficGroup& group) {
    const double answered = group.total.total();
    Json latency = nullptr;
    if (answered > 0) {
        latency = {
            {"p50", group.total.quantile(.5)},
            {"p95", group.total.quantile(.95)},
            {"p99", group.total.quantile(.99)}
        };
    }
    return {
        {"version", version},
        {"route", enum_name(route)},
        {"rows", group.rows},
        {"captured", group.captured},
        {"failed", group.failed},
        {"estimated", group.estimated},
        {"by_label", group.by_label},
        {"latency_us", latency},
        {"infer_us_p50", answered > 0 ? Json(group.infer.quantile(.5)) : Json(nullptr)},
        {"confidence_mean", answered > 0 ? Json(group.confidence_sum / answered) : Json(nullptr)}
    };
}

Result<Duration> step_of(const Query& query, const TimeRange& range) {
    constexpr std::array<std::pair<std::string_view, Duration>, 3> kSteps = {{
        {"minute", std::chrono::minutes(1)},
        {"hour", std::chrono::hours(1)},
        {"day", std::chrono::hours(24)},
    }};
    const std::string name = query.text("step");
    for (const auto& [known, step] : kSteps) {
        const bool fits = (range.end - range.begin) / step < kMostBuckets;
        if (name == known && !fits) {
            return invalid_argument(fmt::format(
                "More than {} steps lie between 'from' and 'to'; take a wider step: '{}'",
                kMostBuckets,
                name
            ));
        }
        if (name == known || (name.empty() && fits)) {
            return step;
        }
    }
    return invalid_argument(
        fmt::format("Query parameter 'step' is minute, hour or day, and fits the range: '{}'", name)
    );
}

Result<void> traffic(
    const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
) {
    const Query query = TRY(Query::parse(request.query, {"from", "to", "step"}));
    TrafficPlan plan;
    plan.model = TRY(known_model(rooms, request.parameter("model")));
    plan.served = TRY(range_of(rooms, query));
    plan.step = TRY(step_of(query, plan.served));
    const Schema schema = TRY(rooms.labeling.schema(plan.model));
    Json buckets = Json::array();
    for (const auto& [time, groups] : TRY(count_traffic(*rooms.capture, plan))) {
        Json shown = Json::array();
        for (const auto& [key, group] : groups) {
            shown.push_back(group_json(key.first, key.second, group));
        }
        buckets.push_back({{"time", to_rfc3339(time)}, {"groups", std::move(shown)}});
    }
    answer_json(
        response,
        {{"from", to_rfc3339(plan.served.begin)},
         {"to", to_rfc3339(plan.served.end)},
         {"step_seconds", std::chrono::duration_cast<std::chrono::seconds>(plan.step).count()},
         {"labels", schema.labels},
         {"buckets", std::move(buckets)}}
    );
    return {};
}

}  // namespace

void add_traffic_routes(Gateway& gateway, const V1Rooms& rooms) {
    using http::Method;
    if (rooms.capture == nullptr) {
        return;
    }
    add_slow_routes(
        gateway,
        rooms,
        {{Method::Get, "/v1/models/{model}/captured", "captured_rows", captured_rows},
         {Method::Get, "/v1/models/{model}/traffic", "traffic", traffic}}
    );
}

}  // namespace flywheel::gateway
