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
V1Function newest(
    const std::string& name, Reader<Record> V1Records::* reader, Order Record::* order
) {
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

/// Runs: what is not known is null, not 0.
Result<void> list_runs(
    const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
) {
    const std::string model = TRY(known_model(rooms, request.parameter("model")));
    const Query query = TRY(Query::parse(request.query, {"limit"}));
    const auto limit = TRY(query.integer("limit", 100, 1, kMostListed));
    Json runs = Json::array();
    TRY(rooms.records.runs.each(
        Where<TrainingRun>()
            .eq(&TrainingRun::model, model)
            .newest(&TrainingRun::created)
            .limit(limit),
        [&runs](const TrainingRun& run) -> Result<void> {
            Json shown = TRY(parse_json(to_json_text(run)));
            if (run.peak_rss_bytes == 0) {
                shown["peak_rss_bytes"] = nullptr;
            }
            runs.push_back(std::move(shown));
            return {};
        }
    ));
    answer_json(response, {{"runs", std::move(runs)}});
    return {};
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

/// What the body says of a Rollout: `version` where `needs_version`, the rest if it is there.
Result<release::Wish> read_wish(
    const V1Rooms& rooms, const http::HttpRequest& request, bool needs_version
) {
    const Json body = TRY(object_body(request));
    release::Wish wish;
    wish.model = TRY(known_model(rooms, request.parameter("model")));
    wish.version = needs_version ? TRY(integer_field(body, "version")) : 0;
    wish.who = TRY(bounded_text(body, "who", kMostNameBytes));
    if (body.contains("reason")) {
        wish.reason = TRY(bounded_text(body, "reason", kMostReasonBytes));
    }
    if (const auto share = body.find("share"); share != body.end()) {
        if (!share->is_number()) {
            return invalid_argument("Field 'share' is not a number");
        }
        wish.share = share->get<double>();
    }
    if (const auto change = body.find("signature_change"); change != body.end()) {
        if (!change->is_boolean()) {
            return invalid_argument("Field 'signature_change' is not true or false");
        }
        wish.signature_change = change->get<bool>();
    }
    wish.now = rooms.clock.now();
    return wish;
}

/// Routing follows at once; a version that cannot be loaded is said with it, the old one serves on.
Result<void> answer_moved(
    const V1Rooms& rooms, const Rollout& rollout, http::HttpResponse& response
) {
    TRY(rooms.serving.follow_labels(rollout.model)
            .within("The rollout was recorded, but loading failed"));
    response.body = to_json_text(rollout);
    return {};
}

using Verb = Result<Rollout> (release::Release::*)(const release::Wish&);

/// A verb that brings a version to people: it is loaded and warm before any label moves.
V1Function bring(Verb verb) {
    return [verb](
               const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
           ) -> Result<void> {
        const release::Wish wish = TRY(read_wish(rooms, request, true));
        TRY(rooms.release.version(wish.model, wish.version));
        TRY(rooms.serving.prepare(
            wish.model,
            wish.version,
            wish.signature_change ? serving::SignatureChange::Allowed
                                  : serving::SignatureChange::Refused
        ));
        return answer_moved(rooms, TRY((rooms.release.*verb)(wish)), response);
    };
}

/// A verb about the live Rollout.
V1Function steer(Verb verb) {
    return [verb](
               const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
           ) -> Result<void> {
        const release::Wish wish = TRY(read_wish(rooms, request, false));
        return answer_moved(rooms, TRY((rooms.release.*verb)(wish)), response);
    };
}

/// The same, if the body says the share: nobody means all of the traffic by saying nothing.
V1Function with_share(V1Function verb) {
    return [verb = std::move(verb)](
               const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
           ) -> Result<void> {
        if (!TRY(object_body(request)).contains("share")) {
            return invalid_argument("Field 'share' is missing; give for example 0.05");
        }
        return verb(rooms, request, response);
    };
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

/// What the labels point to, by the ledger and as loaded, and the Rollout that is live.
Result<void> show_labels(
    const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
) {
    const std::string model = TRY(known_model(rooms, request.parameter("model")));
    const RolloutFold fold = TRY(rooms.release.standing(model));
    const RolloutLabels labels = fold.labels();
    Json loaded = Json::array();
    if (const auto status = rooms.serving.status(model)) {
        for (const auto& version : status->loaded) {
            loaded.push_back(version->number);
        }
    }
    Json body = {
        {"model", model},
        {"labels",
         {{"stable", labels.stable},
          {"canary", labels.canary},
          {"previous", labels.previous},
          {"shadow", labels.shadow}}},
        {"loaded", std::move(loaded)},
        {"live", nullptr}
    };
    if (const auto& live = fold.live()) {
        body["live"] = TRY(parse_json(to_json_text(*live)));
    }
    answer_json(response, body);
    return {};
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
         {Method::Get, model + "runs", "runs", list_runs},
         {Method::Get, model + "versions/{version}/card", "card", card},
         {Method::Get, model + "serving", "model_serving", show_labels},
         {Method::Post, model + "promote", "promote", bring(&release::Release::promote)},
         {Method::Post, model + "shadow", "shadow", bring(&release::Release::start_shadow)},
         {Method::Post,
          model + "canary",
          "canary",
          with_share(bring(&release::Release::start_canary))},
         {Method::Post, model + "share", "share", with_share(steer(&release::Release::set_share))},
         {Method::Post, model + "finish", "finish", steer(&release::Release::finish)},
         {Method::Post, model + "cancel", "cancel", steer(&release::Release::cancel)},
         {Method::Post, model + "rollback", "rollback", rollback}}
    );
}

}  // namespace flywheel::gateway
