// SPDX-License-Identifier: Apache-2.0
#include "gateway/capture_routes.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/secret.h"
#include "base/text.h"
#include "gateway/feedback_json.h"
#include "gateway/infer/infer_answer.h"
#include "records/payload.h"

namespace flywheel::gateway {

namespace {

using http::append_json_string;
using http::HttpRequest;
using http::HttpResponse;
using serving::ServedVersion;

/// The media type without its parameters.
std::string_view media_type(const HttpRequest& request) {
    const std::string_view whole = request.header("Content-Type");
    return trim(whole.substr(0, whole.find(';')));
}

bool has_lines(const HttpRequest& request) {
    return http::same_token(media_type(request), "application/x-ndjson");
}

Result<FeedbackBatch> read_batch(const HttpRequest& request, const FeedbackContext& context) {
    if (has_lines(request)) {
        return parse_feedback_lines(request.body, context);
    }
    FeedbackBatch batch;
    batch.good.push_back(TRY(parse_feedback(request.body, context)));
    return batch;
}

/// A batch costs a token for each hundred lines begun; the first was taken at the door. False:
/// `refusal` is the answer.
bool charge(const CaptureDoors& doors, const HttpRequest& request, HttpResponse& refusal) {
    constexpr std::size_t kLinesAToken = 100;
    const std::size_t lines = has_lines(request) ? count_feedback_lines(request.body) : 1;
    if (doors.access == nullptr || lines <= kLinesAToken) {
        return true;
    }
    const auto more = static_cast<std::int64_t>((lines - 1) / kLinesAToken);
    return doors.access->charge(request.caller, more, refusal);
}

void append_receipt(std::string& out, const FeedbackReceipt& receipt, const FeedbackBatch& batch) {
    fmt::format_to(
        std::back_inserter(out),
        R"({{"accepted":{},"duplicate":{},"rejected":[)",
        receipt.accepted,
        receipt.duplicate
    );
    for (const RefusedLine& refused : batch.refused) {
        out += out.back() == '[' ? "" : ",";
        fmt::format_to(std::back_inserter(out), R"({{"line":{},"error":)", refused.line);
        append_json_string(out, refused.error);
        out += '}';
    }
    fmt::format_to(std::back_inserter(out), R"(],"rejected_count":{}}})", batch.refused_count);
}

Result<void> take_feedback(
    const CaptureDoors& doors, const HttpRequest& request, HttpResponse& response
) {
    const std::string_view model = request.parameter("model");
    const auto served = TRY(doors.serving->find(model, ""));
    if (!charge(doors, request, response)) {
        return {};
    }
    FeedbackBatch batch =
        TRY(read_batch(request, {std::string(model), doors.clock->now(), served->labels}));
    if (batch.good.empty()) {
        return invalid_argument(
            batch.refused.empty() ? "Request has no feedback"
                                  : fmt::format(
                                        "All {} lines were refused; the first, line {}: {}",
                                        batch.refused_count,
                                        batch.refused.front().line,
                                        batch.refused.front().error
                                    )
        );
    }
    const FeedbackReceipt receipt = TRY(doors.feedback->submit_feedback(std::move(batch.good)));
    if (receipt.duplicate > 0 && doors.refusals != nullptr) {
        doors.refusals->add(
            trail::Offence::Replay, request.caller, request.remote, "feedback", receipt.duplicate
        );
    }
    response.status = 202;
    append_receipt(response.body, receipt, batch);
    return {};
}

void append_feedback(std::string& out, const Feedback& feedback) {
    out += "{\"id\":\"" + feedback.id.text() + "\",\"source\":\"";
    out += enum_name(feedback.source);
    out += "\",\"kind\":\"";
    out += enum_name(feedback.kind);
    out += '"';
    switch (feedback.kind) {
        case FeedbackKind::Label:
            out += ",\"label\":";
            append_json_string(out, feedback.label);
            break;
        case FeedbackKind::Correct:
            out += feedback.value != 0 ? ",\"correct\":true" : ",\"correct\":false";
            break;
        case FeedbackKind::Score:
            fmt::format_to(std::back_inserter(out), R"(,"score":{})", feedback.value);
            break;
        case FeedbackKind::Retract:
            break;
    }
    out += ",\"at\":\"" + to_rfc3339(feedback.at);
    out += "\",\"arrived\":\"" + to_rfc3339(feedback.arrived) + "\",\"by\":";
    append_json_string(out, feedback.by);
    out += ",\"comment\":";
    append_json_string(out, feedback.comment);
    out += '}';
}

void append_feedback_about(std::string& out, Id<Prediction> row, const CapturedRequest& found) {
    for (std::size_t i = 0; i < found.feedback.size(); ++i) {
        if (found.about[i] == row) {
            out += out.back() == '[' ? "" : ",";
            append_feedback(out, found.feedback[i]);
        }
    }
}

void append_outcome(std::string& out, const Prediction& row, const ServedVersion& served) {
    out += ",\"label\":";
    if (row.label >= 0 && static_cast<std::size_t>(row.label) < served.labels.size()) {
        append_json_string(out, served.labels[static_cast<std::size_t>(row.label)]);
    } else {
        out += "null";
    }
    fmt::format_to(std::back_inserter(out), R"(,"label_id":{},"scores":[)", row.label);
    for (const float score : row.scores) {
        out += out.back() == '[' ? "" : ",";
        append_float(out, score);
    }
    fmt::format_to(
        std::back_inserter(out),
        R"(],"confidence":{},"margin":{},"entropy":{})",
        row.confidence,
        row.margin,
        row.entropy
    );
    if (!row.error.empty()) {
        out += ",\"error\":";
        append_json_string(out, row.error);
    }
}

/// What the client said beside its payload, and how the row was kept.
void append_circumstances(std::string& out, const Prediction& row) {
    for (const auto& [name, text] :
         {std::pair("row_id", &row.row_id),
          std::pair("policy", &row.policy),
          std::pair("key_name", &row.key_name)}) {
        if (!text->empty()) {
            fmt::format_to(std::back_inserter(out), R"(,"{}":)", name);
            append_json_string(out, *text);
        }
    }
    if (!row.rollout.is_zero()) {
        fmt::format_to(std::back_inserter(out), R"(,"rollout_id":"{}")", row.rollout.text());
    }
    if (row.attempt > 1) {
        fmt::format_to(std::back_inserter(out), R"(,"attempt":{})", row.attempt);
    }
    if (!row.params.empty()) {
        out += ",\"params\":" + row.params;
    }
    for (const auto& [name, set] :
         {std::pair("cancelled", row.cancelled),
          std::pair("redacted", row.redacted),
          std::pair("thin", row.thin)}) {
        if (set) {
            fmt::format_to(std::back_inserter(out), R"(,"{}":true)", name);
        }
    }
}

void append_row(std::string& out, const Prediction& row, const ServedVersion& served) {
    fmt::format_to(
        std::back_inserter(out),
        R"({{"prediction_id":"{}","index":{},"time":"{}","model_version":"{}","route":"{}","status":{})",
        row.id.text(),
        row.id.uuid.row(),
        to_rfc3339(row.time),
        row.version,
        enum_name(row.route),
        row.status
    );
    append_outcome(out, row, served);
    fmt::format_to(
        std::back_inserter(out),
        R"(,"propensity":{},"payload":{{"digest":"{}","media_type":"{}","bytes":{})",
        row.propensity,
        row.payload_digest.hex(),
        row.media_type.empty() ? kTextPayload : std::string_view(row.media_type),
        std::max<std::uint64_t>(row.payload_bytes, row.payload.size())
    );
    const bool text = row.media_type.empty() || row.media_type == kTextPayload;
    if (!row.payload.empty()) {
        out += text ? ",\"text\":" : ",\"base64url\":";
        append_json_string(out, text ? row.payload : base64url(row.payload));
    }
    fmt::format_to(
        std::back_inserter(out),
        R"(}},"timings_us":{{"queue":{},"pre":{},"infer":{},"post":{},"total":{}}},"batch_rows":{})",
        row.us_queue,
        row.us_pre,
        row.us_infer,
        row.us_post,
        row.us_total,
        row.batch_rows
    );
    append_circumstances(out, row);
    out += ",\"feedback\":[";
}

Result<void> show_request(
    const CaptureDoors& doors, const HttpRequest& request, HttpResponse& response
) {
    const std::string model(request.parameter("model"));
    const std::string id(request.parameter("id"));
    const auto served = TRY(doors.serving->find(model, ""));
    CapturedRequest found = TRY(doors.captured->find(model, id));
    std::stable_sort(
        found.rows.begin(),
        found.rows.end(),
        [](const Prediction& a, const Prediction& b) {
            return a.time > b.time;  // newest attempt first, its rows in order
        }
    );
    std::string& out = response.body;
    out = "{\"id\":";
    append_json_string(out, id);
    out += ",\"predictions\":[";
    for (const Prediction& row : found.rows) {
        out += out.back() == '[' ? "" : ",";
        append_row(out, row, *served);
        append_feedback_about(out, row.id, found);
        out += "]}";
    }
    out += ']';
    if (std::ranges::find(found.about, Id<Prediction>{}) != found.about.end()) {
        out += ",\"unjoined\":[";
        append_feedback_about(out, {}, found);
        out += ']';
    }
    out += '}';
    return {};
}

}  // namespace

void add_capture_routes(Gateway& gateway, CaptureDoors doors) {
    gateway.add({
        .method = http::Method::Post,
        .pattern = "/v2/models/{model}/feedback",
        .name = "feedback",
        .run = [doors](
                   const HttpRequest& request, HttpResponse& response
               ) { return take_feedback(doors, request, response); },
        .speed = http::RouteSpeed::Slow,
        .body_limit = gateway.limits().feedback_body,
        .doc = {"Takes what users say about served rows; 202 once it is on disk.", "Feedback"},
    });
    gateway.add({
        .method = http::Method::Get,
        .pattern = "/v2/models/{model}/requests/{id}",
        .name = "request",
        .run = [doors](
                   const HttpRequest& request, HttpResponse& response
               ) { return show_request(doors, request, response); },
        .speed = http::RouteSpeed::Slow,
        .doc = {"A captured request with what was said about it."},
    });
}

}  // namespace flywheel::gateway
