// SPDX-License-Identifier: Apache-2.0
// What the owner decides: the settings as they stand and as they would be written, and rows of a
// file of theirs.
#include <fmt/format.h>

#include "base/json_value.h"
#include "gateway/v1/exchange.h"
#include "tasks/text/choice.h"

namespace flywheel::gateway {

namespace {

constexpr std::uint64_t kMostUploadBytes = 256ULL * 1024 * 1024;

Result<void> show_settings(
    const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
) {
    TRY(Query::parse(request.query, {}));
    answer_json(response, TRY(rooms.settings()));
    return {};
}

Result<void> change_settings(
    const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
) {
    const Json body = TRY(object_body(request));
    const auto changes = body.find("changes");
    if (changes == body.end() || !changes->is_object()) {
        return invalid_argument("Field 'changes' must be an object of settings and values");
    }
    const bool check = TRY(optional_bool(body, "check")).value_or(false);
    answer_json(response, TRY(rooms.change_settings(*changes, check)));
    return {};
}

/// The file is the body as it is; how to read it stands in the query.
Result<void> import_rows(
    const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
) {
    const Query query = TRY(Query::parse(
        request.query,
        {"name", "text", "label", "id", "time", "annotators", "check", "ask", "kind", "labels"}
    ));
    RowUpload upload;
    upload.name = query.text("name");
    if (upload.name.empty()) {
        return invalid_argument(
            "Say the file's name, which tells its format: query parameter 'name'"
        );
    }
    const auto set = [&](std::string_view name, std::string& column) {
        if (const std::string said = query.text(name); !said.empty()) {
            column = said;
        }
    };
    set("text", upload.columns.text);
    set("label", upload.columns.label);
    set("id", upload.columns.id);
    set("time", upload.columns.time);
    set("annotators", upload.columns.annotators);
    upload.check = TRY(query.integer("check", 0, 0, 1)) == 1;
    upload.ask = TRY(query.integer("ask", 0, 0, 1)) == 1;
    upload.labels = text::names_in_cell(query.text("labels"));
    if (const std::string kind = query.text("kind"); !kind.empty()) {
        upload.kind = TRY(parse_enum<TaskKind>(kind).within("query parameter 'kind'"));
    }
    upload.bytes = request.body;
    if (upload.bytes.empty()) {
        return invalid_argument("The body is empty; it is the file: " + upload.name);
    }
    answer_json(response, TRY(rooms.import_rows(upload)));
    return {};
}

}  // namespace

void add_settings_routes(Gateway& gateway, const V1Rooms& rooms) {
    using http::Method;
    if (rooms.settings) {
        add_slow_routes(
            gateway,
            rooms,
            {{Method::Get, "/v1/settings", "settings", show_settings},
             {Method::Post, "/v1/settings", "change_settings", change_settings}}
        );
    }
    if (rooms.import_rows) {
        add_slow_routes(
            gateway,
            rooms,
            {{Method::Post, "/v1/import", "import_rows", import_rows, true, kMostUploadBytes}}
        );
    }
}

}  // namespace flywheel::gateway
