// SPDX-License-Identifier: Apache-2.0
// Models: versions, how they were judged, what was served when, and moving it by hand.
#include <charconv>

#include <fmt/format.h>

#include "base/json_value.h"
#include "gateway/v1/exchange.h"

namespace flywheel::gateway {

namespace {

constexpr std::string_view kMarkdownType = "text/markdown; charset=utf-8";
constexpr std::size_t kMostNameBytes = 128;
constexpr std::size_t kMostReasonBytes = 2048;

/// The newest records of the model of the path.
template <class Record, class Order>
V1Function newest(std::string name, Reader<Record> V1Records::* reader, Order Record::* order) {
    return [=](const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
           ) -> Result<void> {
        const std::string model = TRY(known_model(rooms, request.parameter("model")));
        const Query query = TRY(Query::parse(request.query, {"limit"}));
        const auto limit = TRY(query.integer("limit", 100, 1, kMostListed));
        answer_list(
            response,
            name,
            TRY((rooms.records.*reader)
                    .select(Where<Record>().eq(&Record::model, model).newest(order).limit(limit)))
        );
        return {};
    };
}

Result<std::string> bounded_text(const Json& body, std::string_view name, std::size_t most) {
    std::string text = TRY(string_field(body, name));
    if (text.empty() || text.size() > most) {
        return invalid_argument(
            fmt::format("Field '{}' must have 1 to {} bytes: {}", name, most, text.size())
        );
    }
    return text;
}

/// The move is made; a version that cannot be loaded is said with it, the old one serves on.
Result<void> answer_moved(
    const V1Rooms& rooms, const Rollout& rollout, http::HttpResponse& response
) {
    TRY(rooms.serving.refresh(rollout.model).within("The label was moved, but loading failed"));
    response.body = to_json_text(rollout);
    return {};
}

Result<void> promote(
    const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
) {
    const std::string model = TRY(known_model(rooms, request.parameter("model")));
    const Json body = TRY(object_body(request));
    const auto number = TRY(integer_field(body, "version"));
    const std::string who = TRY(bounded_text(body, "who", kMostNameBytes));
    const auto rollout = TRY(rooms.release.promote(model, number, who, rooms.clock.now()));
    return answer_moved(rooms, rollout, response);
}

Result<void> rollback(
    const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
) {
    const std::string model = TRY(known_model(rooms, request.parameter("model")));
    const Json body = TRY(object_body(request));
    const std::string who = TRY(bounded_text(body, "who", kMostNameBytes));
    const std::string reason = TRY(bounded_text(body, "reason", kMostReasonBytes));
    const auto rollout = TRY(rooms.release.rollback(model, who, reason, rooms.clock.now()));
    return answer_moved(rooms, rollout, response);
}

Result<void> card(
    const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
) {
    const std::string model = TRY(known_model(rooms, request.parameter("model")));
    const std::string_view text = request.parameter("version");
    std::int64_t number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc() || end != text.data() + text.size()) {
        return invalid_argument(fmt::format("A version is a whole number: '{}'", text));
    }
    const ModelVersion version = TRY(rooms.release.version(model, number));
    response.body = TRY(rooms.vault.get(version.card));
    response.content_type = kMarkdownType;
    return {};
}

}  // namespace

void add_model_routes(Gateway& gateway, const V1Rooms& rooms) {
    using http::Method;
    const std::string model = "/v1/models/{model}/";
    add_slow_routes(
        gateway,
        rooms,
        {{Method::Get,
          model + "versions",
          "versions",
          newest("versions", &V1Records::versions, &ModelVersion::number)},
         {Method::Get,
          model + "evaluations",
          "evaluations",
          newest("evaluations", &V1Records::evaluations, &Evaluation::created)},
         {Method::Get,
          model + "rollouts",
          "rollouts",
          newest("rollouts", &V1Records::rollouts, &Rollout::seq)},
         {Method::Get,
          model + "corrections",
          "corrections",
          newest("corrections", &V1Records::corrections, &Correction::created)},
         {Method::Get, model + "versions/{version}/card", "card", card},
         {Method::Post, model + "promote", "promote", promote},
         {Method::Post, model + "rollback", "rollback", rollback}}
    );
}

}  // namespace flywheel::gateway
